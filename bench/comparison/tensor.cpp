// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/equant.hpp>
#include <memory>

#include "rows.hpp"

namespace comparison {
namespace {

using namespace equant;

struct bench_of {
  const matrix& x;
  job& j;
  std::vector<timed> times{};
  std::shared_ptr<matrix> back = std::make_shared<matrix>(x.rows(), x.cols());

  double bytes_of_floats() const { return 4.0 * static_cast<double>(x.size()); }

  /// A way to store x: `make` gives what is stored.
  template <class Make>
  void add(const std::string& name, Make make) {
    const auto q = std::make_shared<decltype(make(x))>(make(x));
    j.rows.push_back({name, 8.0 * static_cast<double>(q->size_bytes()) / static_cast<double>(x.size()), q->size_bytes(),
                      compare(x, *q).sqnr_db});
    const std::size_t r = j.rows.size() - 1;
    times.push_back({r, 0, bytes_of_floats(), [this, make] { benchmark::DoNotOptimize(make(x)); }});
    times.push_back({r, 1, bytes_of_floats(), [to = back, q] { dequantize_into(*q, *to); }});
  }

  /// The same in a scalar type of Eigen's.
  template <class T>
  void add_scalar(const std::string& name) {
    using stored = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto q = std::make_shared<stored>(x.template cast<T>());
    j.rows.push_back({name, 8.0 * sizeof(T), sizeof(T) * static_cast<std::size_t>(x.size()),
                      metrics::sqnr_db(x, matrix(q->template cast<float>()))});
    const std::size_t r = j.rows.size() - 1;
    times.push_back({r, 0, bytes_of_floats(), [this, q] { *q = x.template cast<T>(); }});
    times.push_back({r, 1, bytes_of_floats(), [to = back, q] { *to = q->template cast<float>(); }});
  }
};

}  // namespace

job tensor_job(const matrix& x, const std::string& name, int rounds) {
  job j{"tensor",
        contract::joined("Storing ", name, ", ", x.rows(), " x ", x.cols(), " floats, and getting them back"),
        {{"quantize", "GB/s"}, {"dequantize", "GB/s"}},
        {}};
  bench_of b{x, j};
  b.add_scalar<float>("float32");
  b.add_scalar<Eigen::bfloat16>("bfloat16");
  b.add_scalar<Eigen::half>("float16");
  b.add("int8", [](const matrix& v) { return quantize<int8>(v); });
  b.add("int8 per row", [](const matrix& v) { return quantize<int8>(v, per_axis{0}, symmetric); });
  b.add("mxfp8 e4m3", [](const matrix& v) { return quantize<mxfp8_e4m3>(v); });
  b.add("int6 per row", [](const matrix& v) { return quantize<integer<6>>(v, per_axis{0}, symmetric); });
  b.add("int4", [](const matrix& v) { return quantize<int4>(v); });
  b.add("int4 in 32s", [](const matrix& v) { return quantize<int4>(v, per_group{1, 32}, symmetric); });
  b.add("Lloyd-Max 4 bits", [q = lloyd_max<4>(x)](const matrix& v) { return q.quantize(v); });
  b.add("q4_0", [](const matrix& v) { return quantize<q4_0>(v); });
  b.add("mxfp4", [](const matrix& v) { return quantize<mxfp4>(v); });
  b.add("nf4", [](const matrix& v) { return quantize<nf4_blocks>(v); });
  b.add("int3 in 32s", [](const matrix& v) { return quantize<integer<3>>(v, per_group{1, 32}, symmetric); });
  b.add("int2 in 32s", [](const matrix& v) { return quantize<int2>(v, per_group{1, 32}, mid_rise); });
  b.add("Lloyd-Max 2 bits", [q = lloyd_max<2>(x)](const matrix& v) { return q.quantize(v); });
  b.add("int1 in 32s", [](const matrix& v) { return quantize<int1>(v, per_group{1, 32}, mse{}); });
  measure(j, b.times, rounds);
  j.rows[0].sqnr_db = std::numeric_limits<double>::infinity();
  return j;
}

}  // namespace comparison
