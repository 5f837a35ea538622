// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "plot.hpp"

#include "gnuplot.hpp"

#include <equant/metrics/theory.hpp>
#include <equant/sweep/leaders.hpp>

#include <map>
#include <sstream>
#include <vector>

namespace program {
namespace {

/// One line of the picture: a quantizer at a granularity.
struct line {
  std::string name;
  int color = 0, mark = 0;
  std::string points;
};

/// The best series of each kind: a colour per kind, a mark per series of it.
std::vector<line> lines_of(const equant::sweep::table& t) {
  std::vector<line> lines;
  std::map<std::string, int> colors, marks;
  for (const equant::sweep::series& s : equant::sweep::leaders(t, shown_of_each_kind)) {
    const std::string& kind = s.rows.front().kind;
    line drawn{s.name, colors.emplace(kind, static_cast<int>(colors.size())).first->second, marks[kind]++, ""};
    for (const equant::sweep::row& row : s.rows) {
      if (!std::isfinite(row.sqnr_db)) continue;  // exact: beyond the picture
      drawn.points += std::to_string(row.bits_per_value) + " " + std::to_string(row.sqnr_db) + "\n";
    }
    if (!drawn.points.empty()) lines.push_back(drawn);
  }
  return lines;
}

/// The histogram of the data on a logarithmic axis, and the levels of each quantizer as lines of a height of its own.
std::string levels_over_data(const spread& data) {
  std::ostringstream s;
  s << "$data << EOD\n";
  for (const auto& [middle, count] : data.bins) s << middle << " " << count << "\n";
  s << "EOD\n";
  double most = 1;
  for (const auto& [middle, count] : data.bins) most = std::max(most, count);
  const char* colors[] = {"#dd181f", "#2c9c3a"};
  for (std::size_t i = 0; i < data.levels.size(); ++i) {
    s << "$levels" << i << " << EOD\n";
    for (double level : data.levels[i].second) s << level << "\n";
    s << "EOD\n";
  }
  s << "set key outside right top reverse Left font ',10' spacing 1\n"
    << "set xlabel 'value'\nset ylabel 'values in a bin' offset 1\n"
    << "set logscale y\nset xrange [*:*]\nset xtics autofreq\nset yrange [0.5:" << most * 300 << "]\n"
    << "plot $data using 1:2 with fillsteps fs solid 0.4 lc rgb '#0060ad' title 'the data'";
  for (std::size_t i = 0; i < data.levels.size(); ++i) {
    const double height = most * (i == 0 ? 3 : 20);
    s << ", $levels" << i << " using 1:(" << height << ") with impulses lw 1 lc rgb '" << colors[i % 2]
      << "' notitle, $levels" << i << " using 1:(" << height << ") with points pt " << (i == 0 ? 7 : 5)
      << " ps 0.8 lc rgb '" << colors[i % 2] << "' title " << quoted("levels of " + data.levels[i].first)
      << " noenhanced";
  }
  s << "\nunset logscale y\n";
  return s.str();
}

std::string script(const equant::sweep::table& t, const spread& data, const std::string& title,
                   const std::string& terminal, const std::string& path) {
  const std::vector<line> lines = lines_of(t);
  double widest = 1;
  for (const auto& row : t.rows) widest = std::max(widest, row.bits_per_value);
  const char* colors[] = {"#0060ad", "#dd181f", "#2c9c3a", "#9440a8", "#c87800", "#00838f"};
  const int marks[] = {7, 5, 9, 11, 13, 3};
  const double slope = equant::metrics::six_db_per_bit(1);
  std::ostringstream s;
  s << "set terminal " << terminal << " size 1300,1600 font 'sans,11'" << (terminal == "svg" ? " dynamic" : "")
    << "\nset output " << quoted(path) << "\nset multiplot layout 3,1 title " << quoted(title)
    << " noenhanced\nset xlabel 'bits per value, parameters included'\nset grid lt 1 lc rgb '#e0e0e0'\n"
    << "set lmargin 9\nset rmargin 44\nset xrange [0:" << std::floor(widest) + 1 << "]\nset xtics 1\n";
  for (std::size_t i = 0; i < lines.size(); ++i) s << "$line" << i << " << EOD\n" << lines[i].points << "EOD\n";
  // Above, the figures themselves; below, what is left of them when the 6.02 dB of each bit are taken away.
  for (const bool relative : {false, true}) {
    s << "set ylabel '" << (relative ? "SQNR less 6.02 dB per bit" : "SQNR in dB (more is better)") << "'\n"
      << (relative ? "unset key\n" : "set key outside right top reverse Left maxcols 1 font ',10' spacing 1\n")
      << "plot ";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      s << "$line" << i << " using 1:($2" << (relative ? "-$1*" + std::to_string(slope) : "")
        << ") with linespoints lw 2 pt " << marks[lines[i].mark % 6] << " ps 1 lc rgb '" << colors[lines[i].color % 6]
        << "' title " << quoted(lines[i].name) << " noenhanced, ";
    }
    s << (relative ? 0 : slope) << "*x with lines dt 3 lc rgb '#888888' title '6.02 dB per bit (reference)'";
    if (t.entropy && t.power > 0) {
      s << ", " << equant::metrics::shannon_bound_db(t.power, *t.entropy, 0) << "+" << (relative ? 0 : slope)
        << "*x with lines lw 2 dt 2 lc rgb 'black' title 'bound for independent values (Shannon)'";
    }
    s << "\n";
  }
  s << levels_over_data(data) << "unset multiplot\n";
  return s.str();
}

}  // namespace

void plot(const equant::sweep::table& t, const spread& data, const std::string& title,
          const std::string& terminal, const std::string& path) {
  draw([&](const std::string& unfinished) { return script(t, data, title, terminal, unfinished); }, path);
}

}  // namespace program
