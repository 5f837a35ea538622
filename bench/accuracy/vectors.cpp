// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "report.hpp"
#include "sources.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/vector.hpp>

#include <chrono>

namespace {

using namespace equant;

using samples = std::vector<float>;

/// Of unit power, as anchors and bounds are.
double error(const samples& x, const auto& q) {
  double power = 0;
  for (const float v : x) power += static_cast<double>(v) * static_cast<double>(v);
  return compare(x, q).mse * static_cast<double>(x.size()) / power;
}

double microseconds(const samples& x, const auto& quantizer) {
  const auto start = std::chrono::steady_clock::now();
  static_cast<void>(quantizer.quantize(x));
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(x.size());
}

void add(accuracy::report& out, const std::string& name, double bits, const samples& x, const auto& quantizer,
         double anchor) {
  out.add({name, bits, error(x, quantizer.quantize(x)), anchor, std::exp2(-2 * bits), "mse"});
}

template <int Bits>
void add_trellis(accuracy::report& out, const samples& x, int length, double anchor) {
  const trellis_quantizer<Bits> quantizer(length);
  add(out, "Gaussian trellis of length " + std::to_string(length), Bits, x, quantizer, anchor);
}

const accuracy::group vectors("vectors", [](accuracy::report& out) {
  using accuracy::none;
  const samples x = sources::sample<float>(1 << 19, sources::gauss, 1);
  const samples others = sources::sample<float>(1 << 19, sources::gauss, 2);

  add_trellis<1>(out, x, 16, 0.2650);
  add_trellis<2>(out, x, 16, 0.0686);
  add_trellis<3>(out, x, 16, 0.0175);
  add_trellis<4>(out, x, 16, 0.00451);
  add(out, "Gaussian E8 ball", 2, x, lattice_quantizer<8>(), 0.0904);
  add(out, "Gaussian D4", 2, x, lattice_quantizer<4>(), 0.1022);
  for (const index_t dim : {2, 4}) {
    const product_options all{.dim = dim, .bits = static_cast<int>(2 * dim), .per_point = 1 << 19};
    add(out, "Gaussian products of " + std::to_string(dim) + " fitted to the values", 2, x,
        product_quantizer::trained(x, all), dim == 2 ? 0.1097 : 0.0972);
  }
  for (const int length : {8, 10, 12}) {
    const samples some(others.begin(), others.begin() + (64 << length));
    const trellis_quantizer<2> quantizer(trellis_code<2>::trained(some, length));
    const double anchor = length == 8 ? 0.0777 : length == 10 ? 0.0734 : 0.0717;
    add(out, "Gaussian trained trellis of length " + std::to_string(length), 2, x, quantizer, anchor);
  }

  // What time buys: 0.0720 was to be had in 2 us per value.
  for (const int length : {4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16}) {
    const trellis_quantizer<2> quantizer(length);
    const std::string name = "Gaussian curve trellis of length " + std::to_string(length);
    const samples fewer(x.begin(), x.begin() + (1 << (length > 12 ? 16 : 18)));
    add(out, name, 2, fewer, quantizer, none);
    out.add({name, 2, microseconds(fewer, quantizer), length == 12 ? 2 : none, none, "us per value"});
  }
});

}  // namespace
