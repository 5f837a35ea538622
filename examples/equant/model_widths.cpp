// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "model_widths.hpp"

#include <equant/io/file.hpp>
#include <equant/nn/recommend.hpp>
#include <iostream>
#include <sstream>

#include "gnuplot.hpp"
#include "progress.hpp"
#include "table.hpp"

namespace program {
namespace {

using namespace equant;

/// A size of a network's weights, and the error expected of it.
struct point {
  double bits;
  std::int64_t bytes;
  double db;
  std::string widths;  ///< of the layers, in order
};

point point_of(const nn::width_table& t, const weights::allocation& a) {
  std::string widths;
  for (const nn::layer_width& w : t.widths(a)) widths += contract::joined(widths.empty() ? "" : " ", w.bits);
  return {t.average_bits(a), a.bytes, -10 * std::log10(a.error), widths};
}

/// The best widths for each size, and one width for all layers.
struct curves {
  std::vector<point> mixed, same;

  explicit curves(const nn::width_table& t) {
    for (const weights::allocation& a : nn::in_steps(t.curve())) mixed.push_back(point_of(t, a));
    for (std::size_t c = 0; c < t.layers[0].choices.size(); ++c) {
      weights::allocation a{std::vector<std::size_t>(t.layers.size(), c), 0, 0};
      for (const nn::layer_widths& l : t.layers) a.bytes += l.choices[c].bytes, a.error += l.choices[c].error;
      same.push_back(point_of(t, a));
    }
  }
  std::string csv() const {
    std::string text = "layers,bytes,bits on average,expected SQNR in dB,bits of each layer\n";
    for (const auto& [name, points] : {std::pair("best", &mixed), std::pair("alike", &same)}) {
      for (const point& p : *points) {
        text += contract::joined(name, ",", p.bytes, ",", p.bits, ",", p.db, ",", p.widths, "\n");
      }
    }
    return text;
  }
  std::string table() const {
    text_table rows({"bits on average", "bytes", "expected SQNR in dB"});
    const std::size_t most = 12, count = std::min(most, mixed.size());
    for (std::size_t i = 0; i < count; ++i) {
      const point& p = mixed[count < 2 ? 0 : i * (mixed.size() - 1) / (count - 1)];
      rows.add({number(p.bits, 3), std::to_string(p.bytes), decibels(p.db)});
    }
    return rows.text();
  }
  std::string script(const nn::recommendation& r, const std::string& title, const std::string& terminal,
                     const std::string& path) const {
    std::ostringstream s;
    s << "set terminal " << terminal << " size 900,600 font 'sans,11'" << (terminal == "svg" ? " dynamic" : "")
      << "\nset output " << quoted(path) << "\nset title " << quoted(title) << " noenhanced\n"
      << "set grid lt 1 lc rgb '#e0e0e0'\nset key bottom right Left reverse\nset xlabel 'KB of weights and scales'\n"
      << "set ylabel 'SQNR of the output, dB'\n";
    for (const auto& [name, points] : {std::pair("mixed", &mixed), std::pair("same", &same)}) {
      s << '$' << name << " << EOD\n";
      for (const point& p : *points) s << static_cast<double>(p.bytes) / 1e3 << ' ' << p.db << ' ' << p.bits << '\n';
      s << "EOD\n";
    }
    s << "$chosen << EOD\n" << static_cast<double>(r.chosen.bytes) / 1e3 << ' ' << r.sqnr_db << "\nEOD\n"
      << "plot $mixed with lines lw 2 lc rgb '#0060ad' title 'best widths, expected', "
      << "$same with linespoints lw 1 pt 6 lc rgb '#808080' title 'one width for all, expected', "
      << "$same using 1:2:(sprintf('%d', $3)) with labels offset 0,-1 tc rgb '#808080' notitle, "
      << "$chosen with points pt 7 ps 1.5 lc rgb '#dd181f' title 'chosen, measured'\n";
    return s.str();
  }
};

nn::recommendation recommended(const quantize_options& given, const nn::graph& net, const nn::tensor& inputs,
                               const nn::width_options& o) {
  if (given.average_bits) return nn::recommend(net, inputs, nn::target_bits{*given.average_bits}, o);
  if (given.bytes) return nn::recommend(net, inputs, target_bytes{*given.bytes}, o);
  if (given.sqnr) return nn::recommend(net, inputs, target_sqnr{*given.sqnr}, o);
  return nn::recommend(net, inputs, nn::target_answers{given.same_answers.value() / 100}, o);
}

std::string layers(const nn::recommendation& r) {
  text_table rows({"layer", "weights", "bits", "bytes", "SQNR in dB if alone"});
  for (std::size_t l = 0; l < r.table.layers.size(); ++l) {
    const nn::layer_widths& layer = r.table.layers[l];
    const weights::width_choice& c = layer.choices[r.chosen.chosen[l]];
    rows.add({layer.node, std::to_string(layer.weights), std::to_string(c.bits), std::to_string(c.bytes),
              decibels(-10 * std::log10(c.error))});
  }
  return rows.text();
}

}  // namespace

std::vector<nn::layer_width> chosen_widths(const quantize_options& given, const nn::graph& net,
                                           const nn::tensor& inputs, const nn::quantize_options& o) {
  nn::width_options w;
  w.quantize = o;
  w.quantize.progress = [](index_t done, index_t all) { show_progress("measuring layers", done, all); };
  const nn::recommendation r = recommended(given, net, inputs, w);
  const std::string measured = contract::joined("SQNR ", decibels(r.sqnr_db), " dB, same answers ",
                                                percent(r.same_answers), " on calibration inputs held out");
  if (!r.reached) contract::invalid_argument("no widths reach it: with the largest ", measured);
  const curves c(r.table);
  std::cout << "What sizes of weights cost, activations in float:\n" << c.table() << layers(r) << "all: "
            << r.chosen.bytes << " bytes, " << number(r.average_bits(), 3) << " bits on average; " << measured << '\n';
  const auto drawn = [&](const std::string& path, const char* terminal) {
    if (path.empty()) return;
    draw([&](const std::string& unfinished) { return c.script(r, given.model, terminal, unfinished); }, path);
    std::cout << "written: " << path << '\n';
  };
  if (!given.csv.empty()) {
    io::write_file(given.csv, c.csv());
    std::cout << "written: " << given.csv << '\n';
  }
  drawn(given.svg, "svg");
  drawn(given.png, "pngcairo");
  return r.widths();
}

}  // namespace program
