// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/report.hpp>
#include <iostream>

#include "html.hpp"
#include "model.hpp"
#include "table.hpp"

namespace program {
using namespace equant;

void compare(const compare_options& o) {
  const nn::graph a = nn::load_onnx(o.first), b = nn::load_onnx(o.second);
  const nn::tensor x = nn::load_npy(o.input, o.divide);
  if (x.sizes.rank < 1 || x.count() == 0) contract::invalid_argument(o.input, " holds no inputs");
  nn::check_inputs(a, std::span<const nn::tensor>(&x, 1));
  nn::check_inputs(b, std::span<const nn::tensor>(&x, 1));
  const nn::tensor ya = nn::predict(a, x), yb = nn::predict(b, x);
  if (ya.sizes != yb.sizes)
    contract::invalid_argument("the networks give ", to_string(ya.sizes), " and ", to_string(yb.sizes));

  comparison c;
  c.first = o.first;
  c.second = o.second;
  c.inputs = x.sizes[0];
  c.sqnr_db = nn::worst_sqnr_db(std::span<const nn::tensor>(&ya, 1), std::span<const nn::tensor>(&yb, 1));
  c.bytes = {io::read_file(o.first).size(), io::read_file(o.second).size()};
  const auto ta = nn::top1(ya), tb = nn::top1(yb);
  c.agreement = nn::agreement(ta, tb);
  if (!o.labels.empty()) {
    const auto labels = nn::load_labels(o.labels);
    c.accuracy = {nn::agreement(ta, labels), nn::agreement(tb, labels)};
  }
  const nn::tensor sample = x.rows(0, std::min<index_t>(x.sizes[0], std::max<long>(o.limit, 1)));
  c.chosen = o.chosen;
  c.layers = nn::report(a, b, std::span<const nn::tensor>(&sample, 1));

  std::cout << o.second << " beside " << o.first << ", on " << c.inputs << " inputs\n  output SQNR "
            << decibels(c.sqnr_db) << " dB, same answer " << percent(c.agreement) << ", " << in_bytes(c.bytes[1])
            << " instead of " << in_bytes(c.bytes[0]) << '\n';
  if (c.accuracy) std::cout << "  top-1 " << percent((*c.accuracy)[0]) << " -> " << percent((*c.accuracy)[1]) << '\n';
  text_table t({"layer", "kind", "W", "A", "low", "high", "alone dB", "in network dB", "output alone dB",
                "kept float dB", "clipped", "at limits", "dead"});
  for (const nn::layer_report& l : c.layers.layers) {
    const auto bits = [](int n) { return n >= 32 ? std::string("float") : std::to_string(n); };
    t.add({l.name, l.kind, bits(l.weight_bits), bits(l.activation_bits), number(l.low, 4), number(l.high, 4),
           l.quantized() ? decibels(l.sqnr_alone_db) : "", decibels(l.sqnr_db),
           l.quantized() ? decibels(l.output_alone_db) : "", l.quantized() ? decibels(l.kept_float_db) : "",
           percent(l.clipped), percent(l.at_limits), std::to_string(l.dead_channels)});
  }
  std::cout << "\nLayer by layer, on " << sample.sizes[0]
            << " inputs. alone: this layer quantized, its inputs float; in network: all quantized; output\n"
            << "alone: what this layer does to the network's output; kept float: the output when only this layer stays "
               "float.\n\n"
            << t.text();
  if (const nn::layer_report* w = c.layers.worst()) {
    std::cout << "\n'" << w->name << "' hurts most: alone it leaves " << decibels(w->output_alone_db)
              << " dB. Keeping it in float (--keep-float " << w->name << ") brings the output from "
              << decibels(c.layers.sqnr_db) << " to " << decibels(w->kept_float_db) << " dB.\n";
  }
  if (!o.html.empty()) {
    io::write_file(o.html, html_page(c));
    std::cout << "written: " << o.html << '\n';
  }
}

}  // namespace program
