// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// The rules from a range to a scale and a zero point, by hand. What other implementations measure is held to in
// convention_codes.cpp, convention_params.cpp and convention_tensors.cpp.
#include "catch.hpp"

#include <equant/core/conventions.hpp>
#include <equant/equant.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using namespace equant;

constexpr double largest = double(std::numeric_limits<float>::max());
constexpr double smallest_normal = double(std::numeric_limits<float>::min());
constexpr double denormal = double(std::numeric_limits<float>::denorm_min());
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

constexpr code_range signed8{-128, 127};
constexpr code_range narrow8{-127, 127};
constexpr code_range unsigned8{0, 255};

template <class Convention, class T = float, class Scheme>
bool gives(interval x, code_range r, Scheme scheme, double scale, double zero_point) {
  const fitted got = Convention::template fit<T>(x, r, scheme);
  INFO(Convention::name << " gives " << got.scale << ", " << got.zero_point);
  CHECK(got.scale == scale);
  CHECK(got.zero_point == zero_point);
  return got == fitted{scale, zero_point};
}

std::vector<interval> awkward_ranges() {
  std::vector<interval> ranges{{0, 0}, {-1, 1}, {-1, 3}, {2, 5}, {-5, -2}, {-1e-30, 1}, {-1, 1e-30}, {1, 1 + 1e-7}};
  for (const double v : {1.0, 3.5, 1e-12, denormal, 3 * denormal, smallest_normal, 255 * smallest_normal, largest,
                         largest / 2, 1e38, 1e-300, 5e-324, 1e300, std::numeric_limits<double>::max()}) {
    for (const interval r : {interval{v, v}, interval{-v, -v}, interval{0, v}, interval{-v, 0}, interval{-v, v},
                             interval{-v, v / 2}, interval{-v / 3, v}}) {
      ranges.push_back(r);
    }
  }
  return ranges;
}

struct named_range {
  code_range codes;
  bool symmetric, even;
};

std::vector<named_range> every_width() {
  std::vector<named_range> ranges;
  for (int bits = 1; bits <= 16; ++bits) {
    ranges.push_back({{0, (1 << bits) - 1}, bits > 1, true});
    ranges.push_back({{-(1 << (bits - 1)), (1 << (bits - 1)) - 1}, bits > 1, true});
    if (bits > 1) ranges.push_back({{1 - (1 << (bits - 1)), (1 << (bits - 1)) - 1}, true, false});
  }
  return ranges;
}

/// The promise of the standard convention: a normal float, a zero point among the codes, only finite values; and
/// values of the range that a float can hold are met to within half a step (a whole one where the scale gave way).
template <class Scheme>
void is_usable(interval x, code_range r, Scheme scheme) {
  const fitted f = convention::standard::fit<float>(x, r, scheme);
  INFO(Scheme::name << " on [" << x.low << ", " << x.high << "], codes " << r.lowest << " to " << r.highest
                    << ": scale " << f.scale << ", zero point " << f.zero_point);
  const float scale = static_cast<float>(f.scale);
  CHECK(double(scale) == f.scale);
  CHECK(std::isnormal(scale));
  CHECK(scale > 0);
  CHECK(f.zero_point >= r.lowest);
  CHECK(f.zero_point <= r.highest);
  if (!std::same_as<Scheme, mid_rise_t>) CHECK(f.zero_point == std::nearbyint(f.zero_point));
  const auto value = [&](double code) {
    return static_cast<float>((static_cast<float>(code) - static_cast<float>(f.zero_point)) * scale);
  };
  CHECK(std::isfinite(value(r.lowest)));
  CHECK(std::isfinite(value(r.highest)));
  for (const double end : {x.low, x.high}) {
    if (std::abs(end) > largest) continue;
    const double steps = std::min(std::max(std::nearbyint(end / f.scale + f.zero_point), double(r.lowest)),
                                  double(r.highest));
    const double allowed = x.largest_magnitude() > largest / 2 ? 1.01 : 0.51;
    if (!std::same_as<Scheme, mid_rise_t>) CHECK(std::abs(double(value(steps)) - end) <= allowed * f.scale);
  }
}

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("conventions: standard is usable for every range at every width") {
  for (const named_range& width : every_width()) {
    for (const interval x : awkward_ranges()) {
      is_usable(x, width.codes, asymmetric);
      if (width.symmetric) is_usable(x, width.codes, symmetric);
      if (width.even) is_usable(x, width.codes, mid_rise);
    }
  }
}

TEST_CASE("conventions: standard by hand, asymmetric") {
  using convention::standard;
  CHECK(gives<standard>({0, 255}, unsigned8, asymmetric, 1, 0));
  CHECK(gives<standard>({-128, 127}, unsigned8, asymmetric, 1, 128));
  CHECK(gives<standard>({-128, 127}, signed8, asymmetric, 1, 0));
  CHECK(gives<standard>({-127, 127}, narrow8, asymmetric, 1, 0));
  CHECK(gives<standard>({-1, 3}, signed8, asymmetric, double(float(4.0 / 255)), -64));  // -128 + 63.75
  CHECK(gives<standard>({2, 5}, unsigned8, asymmetric, double(float(5.0 / 255)), 0));   // widened to zero
  CHECK(gives<standard>({-5, -2}, signed8, asymmetric, double(float(5.0 / 255)), 127));
  CHECK(gives<standard>({-0.5, 254.5}, unsigned8, asymmetric, 1, 0));  // ties to even
  CHECK(gives<standard>({-1.5, 253.5}, unsigned8, asymmetric, 1, 2));
  CHECK(gives<standard>({-1, 1}, {0, 1}, asymmetric, 2, 0));  // 0.5, a tie
  CHECK(gives<standard>({0, 65535}, {0, 65535}, asymmetric, 1, 0));
}

TEST_CASE("conventions: standard by hand, symmetric and mid-rise") {
  using convention::standard;
  CHECK(gives<standard>({-1, 0.5}, signed8, symmetric, double(float(1.0 / 127)), 0));
  CHECK(gives<standard>({-1, 0.5}, narrow8, symmetric, double(float(1.0 / 127)), 0));
  CHECK(gives<standard>({-1, 0.5}, unsigned8, symmetric, double(float(1.0 / 127)), 128));
  CHECK(gives<standard>({2, 7}, {-8, 7}, symmetric, 1, 0));
  CHECK(gives<standard>({2, 7}, {0, 15}, symmetric, 1, 8));
  CHECK(gives<standard>({-1, 2}, {-2, 1}, mid_rise, 1, -0.5));  // levels -1.5, -0.5, 0.5, 1.5
  CHECK(gives<standard>({-1, 2}, {0, 3}, mid_rise, 1, 1.5));
  CHECK(gives<standard>({-1, 2}, {0, 1}, mid_rise, 2, 0.5));  // levels -1, 1
}

TEST_CASE("conventions: standard where the scale gives way") {
  using convention::standard;
  CHECK(gives<standard>({0, 0}, unsigned8, asymmetric, 1, 0));
  CHECK(gives<standard>({0, 0}, signed8, asymmetric, 1, -128));
  CHECK(gives<standard>({0, 0}, signed8, symmetric, 1, 0));
  CHECK(gives<standard>({0, 0}, signed8, mid_rise, 1, -0.5));
  CHECK(gives<standard>({0, denormal}, unsigned8, asymmetric, smallest_normal, 0));
  CHECK(gives<standard>({-denormal, 0}, signed8, symmetric, smallest_normal, 0));
  // 2 * FLT_MAX / 255 with the zero point 0 would send -128 beyond the largest float
  CHECK(gives<standard>({-largest, largest}, signed8, asymmetric, double(float(largest) / 128), 0));
  CHECK(gives<standard>({-largest, largest}, unsigned8, asymmetric, double(float(largest) / 128), 128));
  CHECK(gives<standard>({-largest, largest}, signed8, symmetric, double(float(largest) / 128), 0));
}

TEST_CASE("conventions: ONNX by the examples of DynamicQuantizeLinear") {
  const auto check = [](std::vector<float> data, float scale, int zero_point, std::vector<int> codes) {
    const Eigen::VectorXf x = Eigen::Map<const Eigen::VectorXf>(data.data(), Eigen::Index(data.size()));
    const auto q = quantize<uint8>(x, convention::onnx{});
    CHECK(q.scales()[0] == scale);
    CHECK(q.zero_points()[0] == zero_point);
    for (std::size_t i = 0; i < codes.size(); ++i) CHECK(int(q.code(index_t(i))) == codes[i]);
  };
  check({0, 2, -3, -2.5f, 1.34f, 0.5f}, 0.0196078438f, 153, {153, 255, 0, 26, 221, 179});
  check({-1, -2.1f, -1.3f, -2.5f, -3.34f, -4}, 0.0156862754f, 255, {191, 121, 172, 96, 42, 0});
  check({1, 2.1f, 1.3f, 2.5f, 3.34f, 4, 1.5f, 2.6f, 3.9f, 4, 3, 2.345f}, 0.0156862754f, 0,
        {64, 134, 83, 159, 213, 255, 96, 166, 249, 255, 191, 149});
}

TEST_CASE("conventions: ONNX by hand") {
  using convention::onnx;
  CHECK(gives<onnx>({-2, 1}, signed8, symmetric, 2.0 / 127, 0));
  CHECK(gives<onnx>({-2, 1}, unsigned8, symmetric, 2.0 / 127, 128));
  CHECK(gives<onnx>({-2, 1}, {-8, 7}, symmetric, 2.0 / 7, 0));
  CHECK(gives<onnx>({0, 0}, unsigned8, asymmetric, 1, 0));
  CHECK(gives<onnx>({0, 0}, signed8, asymmetric, 1, 0));
  CHECK(gives<onnx>({0, 0}, signed8, symmetric, 1, 0));
  CHECK(gives<onnx>({-denormal, denormal}, unsigned8, asymmetric, 1, 0));
  CHECK(gives<onnx>({-denormal, denormal}, signed8, symmetric, 1, 0));
  CHECK(gives<onnx>({-1.5, 253.5}, unsigned8, asymmetric, 1, 2));
  CHECK(gives<onnx>({-0.5, 254.5}, unsigned8, asymmetric, 1, 0));
}

TEST_CASE("conventions: TFLite by hand") {
  using convention::tflite;
  CHECK(gives<tflite>({0, 0}, signed8, asymmetric, 0, 0));
  CHECK(gives<tflite>({-1, 3}, signed8, asymmetric, 4.0 / 255, -64));   // -64.25
  CHECK(gives<tflite>({-0.5, 254.5}, unsigned8, asymmetric, 1, 1));     // ties away from zero
  CHECK(gives<tflite>({-1.5, 253.5}, signed8, asymmetric, 1, -127));    // -126.5
  CHECK(gives<tflite>({-0.75, 254.25}, signed8, asymmetric, 1, -127));  // -127.25
  CHECK(gives<tflite>({2, 5}, unsigned8, asymmetric, 5.0 / 255, 0));
  CHECK(gives<tflite>({-2, 1}, narrow8, symmetric, 2.0 / 127, 0));
  CHECK(gives<tflite>({-2, 1}, signed8, symmetric, 2.0 / 127, 0));
  CHECK(gives<tflite>({-2, 1}, {-32768, 32767}, symmetric, 2.0 / 32767, 0));
  // -0.5 by the end with the smaller terms, the high one: -0.4999999999999858, where the low one has
  // -0.5000000000000142
  CHECK(127 - 3.3999999521443642e+38 / (2 * 3.3999999521443642e+38 / 255) > -0.5);
  CHECK(gives<tflite>({-3.3999999521443642e+38, 3.3999999521443642e+38}, signed8, asymmetric,
                      2 * 3.3999999521443642e+38 / 255, 0));
}

TEST_CASE("conventions: torch by hand") {
  using convention::torch;
  constexpr double epsilon = 0x1p-23;
  CHECK(gives<torch>({0, 0}, unsigned8, asymmetric, epsilon, 0));
  CHECK(gives<torch>({0, 0}, signed8, symmetric, epsilon, 0));
  CHECK(gives<torch>({0, denormal}, unsigned8, asymmetric, epsilon, 0));
  CHECK(gives<torch>({-127.5, 127.5}, signed8, symmetric, 1, 0));  // half of the codes
  CHECK(gives<torch>({2, 127.5}, unsigned8, symmetric, 1, 128));
  CHECK(gives<torch>({-7.5, 1}, {-8, 7}, symmetric, 1, 0));
  CHECK(gives<torch>({-0.5, 254.5}, unsigned8, asymmetric, 1, 0));
  CHECK(gives<torch>({-1.5, 253.5}, signed8, asymmetric, 1, -126));  // round(-1.5) is -2
  CHECK(gives<torch>({-100, -50}, {0, 127}, asymmetric, double(100.0f / 127), 127));
}

TEST_CASE("conventions: numpy by hand") {
  using convention::numpy;
  CHECK(gives<numpy>({2, 5}, unsigned8, asymmetric, double(3.0f / 255), -170));  // not widened to zero
  CHECK(gives<numpy, double>({2, 5}, unsigned8, asymmetric, 3.0 / 255, -2 / (3.0 / 255)));
  CHECK(gives<numpy>({-0.5, 254.5}, unsigned8, asymmetric, 1, 0.5));  // not rounded
  CHECK(gives<numpy>({-0.5, 254.5}, signed8, asymmetric, 1, -127.5));
  CHECK(gives<numpy>({-2, 1}, signed8, symmetric, double(2.0f / 127), 0));
  CHECK(gives<numpy, double>({-2, 1}, signed8, symmetric, 2.0 / 127, 0));
  CHECK(gives<numpy>({0, 0}, signed8, symmetric, 1, 0));
}

TEST_CASE("conventions: numpy keeps a constant exact, where numpy itself divides by zero") {
  const auto check = [](auto format, auto value) {
    using format_type = decltype(format);
    using T = decltype(value);
    Eigen::Matrix<T, 3, 1> x = Eigen::Matrix<T, 3, 1>::Constant(value);
    INFO("constant " << value << ", codes " << format.range.lowest << " to " << format.range.highest);
    const auto q = quantize<format_type>(x, convention::numpy{});
    CHECK(dequantize<Eigen::Matrix<T, 3, 1>>(q) == x);
    CHECK(q.scales()[0] > 0);
  };
  const auto check_all = [&](auto value) {
    check(uint8{}, value);
    check(int8{}, value);
    check(uint1{}, value);
    check(int4{}, value);
    check(uint16{}, value);
  };
  for (const float value : {0.0f, 1.0f, -3.5f, 0.1f, -1e-12f, float(denormal), float(largest), float(-largest)}) {
    check_all(value);
    check_all(double(value));
  }
}

TEST_CASE("conventions: gemmlowp by hand") {
  using convention::gemmlowp;
  CHECK(gives<gemmlowp>({0, 0}, unsigned8, asymmetric, 0, 0));
  CHECK(gives<gemmlowp>({-0.5, 254.5}, unsigned8, asymmetric, 1, 1));  // ties away from zero
  CHECK(gives<gemmlowp>({-1.5, 253.5}, unsigned8, asymmetric, 1, 2));
  CHECK(gives<gemmlowp>({2, 5}, unsigned8, asymmetric, double(5.0f / 255), 0));
  CHECK(gives<gemmlowp>({-5, -2}, unsigned8, asymmetric, double(5.0f / 255), 255));
  CHECK(gives<gemmlowp>({-2, 1}, unsigned8, symmetric, double(2.0f / 127), 128));
}

TEST_CASE("conventions: the middle of the codes") {
  using convention::middle;
  CHECK(middle(unsigned8) == 128);
  CHECK(middle({0, 15}) == 8);
  CHECK(middle({0, 65535}) == 32768);
  CHECK(middle({0, 1}) == 1);
  CHECK(middle(signed8) == 0);
  CHECK(middle(narrow8) == 0);
}

TEST_CASE("conventions: each has its map and its arithmetic") {
  using namespace convention;
  static_assert(std::same_as<map_of<standard, asymmetric_t, float>, affine>);
  static_assert(std::same_as<map_of<torch, symmetric_t, double>, affine>);
  static_assert(std::same_as<map_of<numpy, asymmetric_t, float>, real_affine<float>>);
  static_assert(std::same_as<map_of<numpy, symmetric_t, double>, real_affine<double>>);
  static_assert(std::same_as<map_of<numpy, asymmetric_t, fp16>, real_affine<float>>);
  static_assert(std::same_as<map_of<standard, mid_rise_t, double>, real_affine<double>>);
  static_assert(std::same_as<map_of<standard, mid_rise_t, bf16>, real_affine<float>>);
  static_assert(std::same_as<rules_of<tflite, affine>, arithmetic<half_away>>);
  static_assert(rules_of<standard, real_affine<float>>::added == zero_point_added::before_rounding);
  static_assert(rules_of<torch, real_affine<float>>::scaled_by == scaling::reciprocal);
  static_assert(rules_of<torch, affine>::added == zero_point_added::after_rounding);
  SUCCEED("the checks are made by the compiler");
}

TEST_CASE("conventions: a range that is not finite and ordered is refused") {
  const auto message = [](interval x) {
    return refusal([&] { static_cast<void>(fit<int8>(x, symmetric)); });
  };
  CHECK(message({1, -1}) == "equant: the range [1, -1] is not finite and ordered");
  CHECK(message({not_a_number, 1}) == "equant: the range [nan, 1] is not finite and ordered");
  CHECK(message({0, not_a_number}) == "equant: the range [0, nan] is not finite and ordered");
  CHECK(message({-infinity, 0}) == "equant: the range [-inf, 0] is not finite and ordered");
  CHECK(message({0, infinity}) == "equant: the range [0, inf] is not finite and ordered");
  CHECK(message({-std::numeric_limits<double>::max(), 0}) == "nothing was thrown");
}

TEST_CASE("conventions: a map no source can have is refused") {
  const auto message = [](auto map) {
    return refusal([&] { static_cast<void>(uniform_quantizer<int8, convention::standard, decltype(map)>(map)); });
  };
  CHECK(message(affine{-1, 0}) == "equant: scale -1 is not a finite non-negative number");
  CHECK(message(affine{float(infinity), 0}) == "equant: scale inf is not a finite non-negative number");
  CHECK(message(affine{float(not_a_number), 0}) == "equant: scale nan is not a finite non-negative number");
  CHECK(message(affine{1, largest_zero_point + 1}) ==
        "equant: zero point 4194305 is not between -4194304 and 4194304");
  CHECK(message(real_affine<double>{1, infinity}).starts_with("equant: zero point inf is not between "));
  CHECK(message(affine{0, 0}) == "nothing was thrown");  // TFLite's scale of a tensor of zeros
}

TEST_CASE("conventions: a range is fitted at compile time") {
  static_assert(fit<int8>(interval{-1, 0.5}, symmetric) == affine{1.0f / 127, 0});
  static_assert(fit<uint8>(interval{-1.5, 253.5}, asymmetric) == affine{1, 2});
  static_assert(fit<uint8>(interval{-0.5, 254.5}, asymmetric, convention::tflite{}) == affine{1, 1});
  static_assert(fit<int8>(interval{-127.5, 1}, symmetric, convention::torch{}) == affine{1, 0});
  static_assert(fit<uint2>(interval{-1, 2}, mid_rise) == real_affine<float>{1, 1.5f});
  static_assert(fit<uint8, double>(interval{2, 257}, asymmetric, convention::numpy{}) == real_affine<double>{1, -2});
  SUCCEED("the checks are made by the compiler");
}
