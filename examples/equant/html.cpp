// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "html.hpp"

#include "page.hpp"
#include "table.hpp"

namespace program {
namespace {

using equant::nn::layer_report;

/// Horizontal bars of decibels, one or two to a layer.
std::string bars(const std::vector<layer_report>& layers, const char* title, double layer_report::*first,
                 const char* first_name, double layer_report::*second, const char* second_name) {
  double most = 1;
  for (const layer_report& l : layers) {
    for (double x : {l.*first, l.*second}) {
      if (std::isfinite(x)) most = std::max(most, x);
    }
  }
  const int row = 30, left = 220, wide = 560;
  const int height = 40 + row * static_cast<int>(layers.size());
  std::string s = "<h2>" + std::string(title) + "</h2>\n<p><span class=\"key a\"></span>" + first_name +
                  " <span class=\"key b\"></span>" + second_name +
                  " (dB, higher is better)</p>\n<svg viewBox=\"0 0 860 " + std::to_string(height) +
                  "\" role=\"img\" aria-label=\"" + title + "\">\n";
  for (int db = 0; db <= static_cast<int>(most); db += 10) {
    const int x = left + static_cast<int>(wide * db / most);
    s += "<line class=\"grid\" x1=\"" + std::to_string(x) + "\" y1=\"0\" x2=\"" + std::to_string(x) + "\" y2=\"" +
         std::to_string(height - 24) + "\"/><text class=\"tick\" x=\"" + std::to_string(x) + "\" y=\"" +
         std::to_string(height - 8) + "\">" + std::to_string(db) + "</text>\n";
  }
  int y = 4;
  for (const layer_report& l : layers) {
    std::string name = l.name.size() > 28 ? "…" + l.name.substr(l.name.size() - 27) : l.name;
    s += "<text class=\"name\" x=\"" + std::to_string(left - 8) + "\" y=\"" + std::to_string(y + 15) + "\">" +
         escaped(name) + "<title>" + escaped(l.name) + "</title></text>\n";
    const auto bar = [&](double x, const char* kind, int at) {
      const double shown = std::isfinite(x) ? std::max(x, 0.0) : most;
      s += "<rect class=\"" + std::string(kind) + "\" x=\"" + std::to_string(left) + "\" y=\"" + std::to_string(at) +
           "\" width=\"" + std::to_string(std::max(1, static_cast<int>(wide * shown / most))) +
           "\" height=\"10\"><title>" + decibels(x) + " dB</title></rect>\n";
    };
    bar(l.*first, "a", y);
    bar(l.*second, "b", y + 11);
    y += row;
  }
  return s + "</svg>\n";
}

std::string cell(const std::string& text) { return "<td>" + escaped(text) + "</td>"; }

}  // namespace

std::string html_page(const comparison& c) {
  std::string s = page_start("What quantization did");
  s += "<p><code>" + escaped(c.second) + "</code> beside <code>" + escaped(c.first) + "</code>, on " +
       std::to_string(c.inputs) + " inputs.</p>\n<div class=\"facts\">";
  const auto fact = [&](const std::string& value, const char* what) {
    s += "<div><b>" + value + "</b>" + what + "</div>";
  };
  fact(decibels(c.sqnr_db) + " dB", "output SQNR");
  fact(percent(c.agreement), "same answer");
  if (c.accuracy) fact(percent((*c.accuracy)[0]) + " → " + percent((*c.accuracy)[1]), "top-1 accuracy");
  fact(in_bytes(c.bytes[0]) + " → " + in_bytes(c.bytes[1]), "file size");
  s += "</div>\n";
  const layer_report* worst = c.layers.worst();
  if (worst != nullptr) {
    s += "<p>The layer that hurts most is <b>" + escaped(worst->name) + "</b>: quantized alone it leaves " +
         decibels(worst->output_alone_db) + " dB at the output. Keeping it in float (<code>--keep-float " +
         escaped(worst->name) + "</code>) brings the output from " + decibels(c.layers.sqnr_db) + " to " +
         decibels(worst->kept_float_db) + " dB.</p>\n";
  }
  s += bars(c.layers.layers, "Each layer's result", &layer_report::sqnr_alone_db, "quantized alone, float inputs",
            &layer_report::sqnr_db, "in the quantized network");
  s += bars(c.layers.layers, "What each layer costs the output", &layer_report::output_alone_db,
            "output, this layer alone quantized", &layer_report::kept_float_db, "output, this layer alone in float");
  s += "<h2>Layer by layer</h2>\n<div class=\"table\"><table "
       "class=\"layers\"><tr><th>layer</th><th>kind</th><th>weights</th><th>activations</th><th>low</th><th>high</"
       "th><th>alone dB</th>"
       "<th>in network dB</th><th>output alone dB</th><th>kept float dB</th><th>clipped</th><th>at limits</th><th>dead "
       "channels</th></tr>\n";
  for (const layer_report& l : c.layers.layers) {
    const auto bits = [](int n) { return n >= 32 ? std::string("float") : std::to_string(n); };
    s += &l == worst ? "<tr class=\"worst\">" : "<tr>";
    for (const std::string& text : {l.name, l.kind, bits(l.weight_bits), bits(l.activation_bits), number(l.low, 4),
                                    number(l.high, 4), l.quantized() ? decibels(l.sqnr_alone_db) : std::string(),
                                    decibels(l.sqnr_db), l.quantized() ? decibels(l.output_alone_db) : std::string(),
                                    l.quantized() ? decibels(l.kept_float_db) : std::string(), percent(l.clipped),
                                    percent(l.at_limits), std::to_string(l.dead_channels)}) {
      s += cell(text);
    }
    s += "</tr>\n";
  }
  s += "</table></div>\n";
  if (!c.chosen.empty()) {
    s += "<h2>What was chosen, and why</h2>\n<div class=\"table\"><table class=\"layers\"><tr><th>where</th><th>"
         "what, and what else was tried</th></tr>\n";
    for (const auto& [where, why] : c.chosen) s += "<tr>" + cell(where) + cell(why) + "</tr>\n";
    s += "</table></div>\n";
  }
  return s + page_end();
}

}  // namespace program
