// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "gnuplot.hpp"
#include "training.hpp"

#include <algorithm>
#include <sstream>

namespace program {
namespace {

struct panel {
  const char* label;
  double trained_network::*value;
  double factor;
  bool from_zero;
};

std::string script(const std::vector<trained_network>& rows, const std::string& title, const std::string& terminal,
                   const std::string& path) {
  const panel panels[] = {{"right answers, %", &trained_network::accuracy, 100, false},
                          {"weights packed, KB", &trained_network::weight_bytes, 1e-3, true},
                          {"ms per input", &trained_network::milliseconds, 1, true}};
  std::ostringstream s;
  s << "set terminal " << terminal << " size 900,1200 font 'sans,11'" << (terminal == "svg" ? " dynamic" : "")
    << "\nset output " << quoted(path) << "\nset multiplot layout 3,1 title " << quoted(title)
    << " noenhanced\nset grid lt 1 lc rgb '#e0e0e0'\nset key outside right top reverse Left\nset lmargin 10\n"
    << "set rmargin 34\nset xlabel 'bits'\nset xrange [*:*] reverse\nset offsets 0.5, 0.5, 0, 0\nset xtics 1\n";
  const char* methods[] = {"after training", "in training"};
  for (std::size_t p = 0; p < std::size(panels); ++p) {
    double in_float = 0;
    for (const trained_network& r : rows) {
      if (r.method == "float") in_float = r.*panels[p].value * panels[p].factor;
    }
    for (std::size_t m = 0; m < 2; ++m) {
      s << "$m" << p << m << " << EOD\n";
      for (const trained_network& r : rows) {
        if (r.method == methods[m]) s << r.bits << ' ' << r.*panels[p].value * panels[p].factor << '\n';
      }
      s << "EOD\n";
    }
    s << "set ylabel '" << panels[p].label << "'\nset yrange [" << (panels[p].from_zero ? "0" : "*") << ":*]\nplot "
      << in_float << " with lines lw 2 dt 2 lc rgb 'black' title 'float', $m" << p
      << "0 with linespoints lw 2 pt 7 lc rgb '#0060ad' title 'quantized after training', $m" << p
      << "1 with linespoints lw 2 pt 5 lc rgb '#dd181f' title 'quantized in training'\n";
  }
  s << "unset multiplot\n";
  return s.str();
}

}  // namespace

void plot_training(const std::vector<trained_network>& rows, const std::string& title, const std::string& terminal,
                   const std::string& path) {
  draw([&](const std::string& unfinished) { return script(rows, title, terminal, unfinished); }, path);
}

}  // namespace program
