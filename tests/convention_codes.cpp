// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// Codes of edge values - ties, denormals, the largest floats, infinities, NaN - as each ecosystem gives them.
#include "catch.hpp"
#include "golden.hpp"

#include <equant/equant.hpp>

#include <cmath>

namespace {

using namespace equant;

/// The lines of a table that share a scale, a zero point and a type.
struct edge_group {
  affine map;
  std::string type;
  std::vector<golden::row> rows;
  std::vector<float> x;
};

std::vector<edge_group> edge_groups(const std::string& file) {
  std::vector<edge_group> groups;
  for (const golden::row& r : golden::csv(file)) {
    const affine map{r.real("scale"), r.integer("zp")};
    if (groups.empty() || !(groups.back().map == map) || groups.back().type != r.text("dtype")) {
      groups.push_back({map, r.text("dtype"), {}, {}});
    }
    groups.back().rows.push_back(r);
    groups.back().x.push_back(r.real("x"));
  }
  return groups;
}

/// f(format) for the type's name.
template <class F>
void with_format(const std::string& type, F f) {
  if (type == "quint8") return f(uint8{});
  if (type == "qint8") return f(int8{});
  throw std::runtime_error("no golden type " + type);
}

template <class... Isa, class F>
void on_every(isa::list<Isa...>, F f) {
  (f(Isa{}), ...);
}

/// Repeated until every value was met by a vector loop, and some by its tail.
std::vector<float> repeated(const std::vector<float>& x) {
  std::vector<float> y;
  for (int i = 0; i < 3; ++i) y.insert(y.end(), x.begin(), x.end());
  return y;
}

/// The codes of x by the quantizer; every instruction set, shared or separate parameters, gives the same.
template <class Convention, class Format>
std::vector<int> codes(Format, affine map, const std::vector<float>& x) {
  const std::vector<float> many = repeated(x);
  const index_t count = static_cast<index_t>(many.size());
  const uniform_quantizer<Format, Convention> quantizer(map);
  const auto q = quantizer.quantize(Eigen::Map<const Eigen::VectorXf>(many.data(), count));
  std::vector<int> result;
  for (index_t i = 0; i < count; ++i) result.push_back(Format::value(q.code(i)));

  const std::vector<float> scales(many.size(), map.scale);
  const std::vector<std::int32_t> zero_points(many.size(), map.zero_point);
  on_every(isa::compiled{}, [&]<class Isa>(Isa) {
    for (index_t step : {0, 1}) {
      const run_parameters<affine> p{
          .scale = scales.data(), .zero_point = zero_points.data(), .scale_step = step, .zero_point_step = step};
      std::vector<std::uint8_t> words(many.size());
      kernels::quantize<Isa>(typename Convention::rules{}, many.data(), count, p, Format::range, words.data());
      for (std::size_t i = 0; i < many.size(); ++i) {
        INFO(Convention::name << " on " << Isa::name << ", step " << step << ", x = " << many[i]);
        CHECK(Format::value(words[i]) == result[i % x.size()]);
        CHECK(result[i] == result[i % x.size()]);
      }
    }
  });
  result.resize(x.size());
  return result;
}

/// The values of x by fake quantization, checked in the same way.
template <class Convention, class Format>
std::vector<float> values(Format, affine map, const std::vector<float>& x) {
  const std::vector<float> many = repeated(x);
  const index_t count = static_cast<index_t>(many.size());
  const uniform_quantizer<Format, Convention> quantizer(map);
  const Eigen::VectorXf y = quantizer.fake_quantize(Eigen::Map<const Eigen::VectorXf>(many.data(), count));
  std::vector<float> result(y.data(), y.data() + x.size());
  on_every(isa::compiled{}, [&]<class Isa>(Isa) {
    std::vector<float> real(many.size());
    const run_parameters<affine> p{.scale = &map.scale, .zero_point = &map.zero_point};
    kernels::fake_quantize<Isa>(typename Convention::rules{}, many.data(), count, p, Format::range, real.data());
    for (std::size_t i = 0; i < many.size(); ++i) {
      INFO(Convention::name << " on " << Isa::name << ", x = " << many[i]);
      CHECK(real[i] == result[i % x.size()]);
      CHECK(y[index_t(i)] == result[i % x.size()]);
    }
  });
  return result;
}

/// The codes of a convention equal a formula's column, where NaN stands for "unspecified": there, the zero point.
template <class Convention>
void equal_formula(const char* column) {
  int compared = 0, unspecified = 0;
  for (const edge_group& g : edge_groups("edge_codes_all_ecosystems.csv")) {
    with_format(g.type, [&](auto format) {
      const std::vector<int> got = codes<Convention>(format, g.map, g.x);
      for (std::size_t i = 0; i < g.rows.size(); ++i) {
        INFO(column << ", " << g.type << ", scale " << g.map.scale << ", zero point " << g.map.zero_point
                    << ", x = " << g.rows[i].text("x"));
        const double wanted = g.rows[i].number(column);
        CHECK(std::isnan(wanted) == std::isnan(g.x[i]));
        CHECK(got[i] == (std::isnan(wanted) ? g.map.zero_point : wanted));
        ++(std::isnan(wanted) ? unspecified : compared);
      }
    });
  }
  CHECK(compared == 352);
  CHECK(unspecified == 8);
}

/// What torch leaves undefined: a float too large for int64, or NaN, on its way to an integer. x86 makes it INT64_MIN,
/// and so the lowest code. On the negative side that is what saturation gives too.
bool wraps_in_torch(float x, affine map) { return !(x * (1.0f / map.scale) < 0x1p63f); }

/// The code that saturation gives to such an x.
int saturated(float x, affine map, code_range range) {
  return std::isnan(x) ? map.zero_point : x > 0 ? range.highest : range.lowest;
}

/// FBGEMM multiplies by the reciprocal, takes the smaller of that and 2147483520 (of NaN: the latter), rounds, and adds
/// the zero point in 32 bits, which may leave them.
bool wraps_in_fbgemm(float x, affine map) {
  const float v = x * (1.0f / map.scale);
  if (std::isnan(v)) return true;
  const std::int64_t rounded = v >= 0x1p31f ? 2147483520 : v < -0x1p31f ? -2147483648 : std::int64_t(v);
  const std::int64_t sum = rounded + map.zero_point;
  return sum != static_cast<std::int32_t>(sum);
}

}  // namespace

TEST_CASE("conventions: edge codes equal ONNX's division and nearest even") {
  equal_formula<convention::onnx>("onnx_div_half_even");
  equal_formula<convention::standard>("onnx_div_half_even");
}

TEST_CASE("conventions: edge codes equal TFLite's division and ties away") {
  equal_formula<convention::tflite>("tflite_div_half_away");
}

TEST_CASE("conventions: edge codes equal gemmlowp's rounding after the zero point") {
  equal_formula<convention::gemmlowp>("gemmlowp_doc_round_after_zp");
}

TEST_CASE("conventions: edge codes equal torch's product with the reciprocal") {
  equal_formula<convention::torch>("inv_mult_half_even");
}

TEST_CASE("conventions: edge codes equal measured torch, which wraps where equant saturates") {
  int wrapped = 0;
  for (const edge_group& g : edge_groups("edge_codes_all_ecosystems.csv")) {
    with_format(g.type, [&](auto format) {
      const std::vector<int> got = codes<convention::torch>(format, g.map, g.x);
      for (std::size_t i = 0; i < g.rows.size(); ++i) {
        for (const char* path :
             {"torch_quantize", "torch_vector_path", "torch_scalar_path", "torch_per_channel"}) {
          INFO(path << ", " << g.type << ", scale " << g.map.scale << ", zero point " << g.map.zero_point
                    << ", x = " << g.rows[i].text("x"));
          const int measured = g.rows[i].integer(path);
          if (wraps_in_torch(g.x[i], g.map)) {
            CHECK(measured == format.range.lowest);
            CHECK(got[i] == saturated(g.x[i], g.map, format.range));
            ++wrapped;
          } else {
            CHECK(got[i] == measured);
          }
        }
      }
    });
  }
  CHECK(wrapped == 4 * 8 * 3);  // the largest float, infinity and NaN
}

TEST_CASE("conventions: fake-quantized edge values equal measured torch, which wraps where equant saturates") {
  int wrapped = 0;
  for (const edge_group& g : edge_groups("edge_codes_all_ecosystems.csv")) {
    with_format(g.type, [&](auto format) {
      const std::vector<float> got = values<convention::torch>(format, g.map, g.x);
      const auto real = [&](int code) { return static_cast<float>(code - g.map.zero_point) * g.map.scale; };
      for (std::size_t i = 0; i < g.rows.size(); ++i) {
        INFO(g.type << ", scale " << g.map.scale << ", zero point " << g.map.zero_point
                    << ", x = " << g.rows[i].text("x"));
        const float measured = g.rows[i].real("torch_fake_quant_value");
        if (wraps_in_torch(g.x[i], g.map)) {
          CHECK(measured == real(format.range.lowest));
          CHECK(got[i] == real(saturated(g.x[i], g.map, format.range)));
          ++wrapped;
        } else {
          CHECK(got[i] == measured);
        }
      }
    });
  }
  CHECK(wrapped == 8 * 3);
}

TEST_CASE("conventions: edge codes equal FBGEMM, which differs exactly where its 32 bits wrap") {
  int compared = 0, wrapped = 0;
  for (const edge_group& g : edge_groups("fbgemm_avx2_codes.csv")) {
    with_format(g.type, [&](auto format) {
      const std::vector<int> got = codes<convention::torch>(format, g.map, g.x);
      for (std::size_t i = 0; i < g.rows.size(); ++i) {
        INFO(g.type << ", scale " << g.map.scale << ", zero point " << g.map.zero_point
                    << ", x = " << g.rows[i].text("x"));
        const int measured = g.rows[i].integer("code");
        if (wraps_in_fbgemm(g.x[i], g.map)) {
          CHECK(measured != got[i]);
          CHECK(got[i] == saturated(g.x[i], g.map, format.range));
          ++wrapped;
        } else {
          CHECK(got[i] == measured);
          ++compared;
        }
      }
    });
  }
  CHECK(compared + wrapped == 405);
  CHECK(wrapped == 9 + 2 * 6 + 5);  // NaN everywhere; too large under zero points 128 and 200, too small under -3
}
