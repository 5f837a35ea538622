// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/gemm/depthwise.hpp>

#include <optional>

namespace {

using namespace equant;
using wide = std::int64_t;
using s8 = std::int8_t;
using u8 = std::uint8_t;

/// A convolution with everything it depends on.
struct scene {
  index_t images, height, width, channels, kernel, stride;
  gemm::padding pads;
  std::int32_t zero_point;
  std::optional<std::int32_t> weight_zero;  // of the first channel; others differ
  bool extremes;                            // only the ends of the codes
  index_t gap;                              // codes between two pixels
};

std::ostream& operator<<(std::ostream& out, const scene& s) {
  return out << s.images << " x " << s.height << " x " << s.width << " x " << s.channels << ", kernel " << s.kernel
             << ", stride " << s.stride << ", padding " << s.pads.top << s.pads.left << s.pads.bottom << s.pads.right
             << ", zero points " << s.zero_point << " and " << s.weight_zero.value_or(0) << ", gap " << s.gap;
}

template <class T>
std::vector<T> random_codes(index_t n, bool extremes, std::uint64_t seed) {
  builders::random_numbers random(seed);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (T& v : x) {
    v = static_cast<T>(random.bits() >> 9);
    if (extremes) v = random.below(4) != 0 ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
  }
  return x;
}

template <class T, class W>
struct operands {
  scene s;
  index_t step, row, result_height, result_width;
  std::vector<T> codes;
  std::vector<W> weights;
  std::vector<std::int32_t> zeros, bias;
  builders::exact_copy<T> memory;

  explicit operands(const scene& given)
      : s(given),
        step(s.channels + s.gap),
        row(s.width * step + 2 * s.gap),
        result_height((s.height + s.pads.top + s.pads.bottom - s.kernel) / s.stride + 1),
        result_width((s.width + s.pads.left + s.pads.right - s.kernel) / s.stride + 1),
        codes(random_codes<T>((s.images * s.height - 1) * row + (s.width - 1) * step + s.channels, s.extremes, 3)),
        weights(random_codes<W>(s.kernel * s.kernel * s.channels, s.extremes, 4)),
        memory(codes.data(), static_cast<index_t>(codes.size()), s.channels % 3) {
    builders::random_numbers random(7);
    for (index_t c = 0; c < s.channels; ++c) {
      if (s.weight_zero) {
        zeros.push_back(s.extremes ? *s.weight_zero : static_cast<W>(*s.weight_zero + 7 * static_cast<int>(c)));
      }
      bias.push_back(random.below(2000000) - 1000000);
    }
    bias[0] = std::numeric_limits<std::int32_t>::max();  // wraps
  }

  view<const T> images() const {
    return {memory.data(), {s.images, s.height, s.width, s.channels}, {s.height * row, row, step, 1}};
  }
  view<const W> kernels() const {
    return {weights.data(), {s.kernel, s.kernel, s.channels}, {s.kernel * s.channels, s.channels, 1}};
  }
  index_t pixels() const { return s.images * result_height * result_width; }

  /// The definition, tap by tap in 64 bits.
  std::int32_t expected(index_t n, index_t y, index_t x, index_t c) const {
    wide sum = bias[static_cast<std::size_t>(c)];
    for (index_t i = 0; i < s.kernel; ++i) {
      for (index_t j = 0; j < s.kernel; ++j) {
        const index_t from_y = y * s.stride + i - s.pads.top, from_x = x * s.stride + j - s.pads.left;
        const bool inside = from_y >= 0 && from_y < s.height && from_x >= 0 && from_x < s.width;
        const index_t at = (n * s.height + from_y) * row + from_x * step + c;
        const wide a = inside ? codes[static_cast<std::size_t>(at)] : s.zero_point;
        const wide w = weights[static_cast<std::size_t>((i * s.kernel + j) * s.channels + c)];
        sum += (a - s.zero_point) * (w - (zeros.empty() ? 0 : zeros[static_cast<std::size_t>(c)]));
      }
    }
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(sum)));
  }
  std::vector<std::int32_t> expected() const {
    std::vector<std::int32_t> sums;
    for (index_t n = 0; n < s.images; ++n) {
      for (index_t y = 0; y < result_height; ++y) {
        for (index_t x = 0; x < result_width; ++x) {
          for (index_t c = 0; c < s.channels; ++c) sums.push_back(expected(n, y, x, c));
        }
      }
    }
    return sums;
  }
};

template <class Isa, class T, class W>
std::vector<std::int32_t> convolved(const operands<T, W>& o, const gemm::depthwise_weights<Isa>& w) {
  const index_t n = o.pixels() * o.s.channels;
  builders::guarded<std::int32_t> out(n);
  const gemm::pipeline<gemm::store<std::int32_t>> keep{{{out.data(), o.s.channels}}};
  gemm::depthwise(o.images(), w, o.s.pads, o.s.zero_point, o.bias, keep);
  REQUIRE(out.intact());
  return {out.data(), out.data() + n};
}

template <class Isa, class T, class W>
void check(const operands<T, W>& o, const std::vector<std::int32_t>& wanted) {
  INFO(Isa::name << ": " << o.s << ", signed " << std::is_signed_v<T> << ' ' << std::is_signed_v<W>);
  const gemm::depthwise_weights<Isa> w(o.kernels(), o.s.stride, o.zeros);
  REQUIRE(gemm::depthwise_sizes(o.images().sizes, w, o.s.pads) ==
          shape{o.s.images, o.result_height, o.result_width, o.s.channels});
  const auto found = convolved<Isa>(o, w);
  const index_t n = static_cast<index_t>(wanted.size());
  const index_t first = builders::first_difference(found.data(), wanted.data(), n);
  if (first == n) return;
  const auto at = static_cast<std::size_t>(first);
  FAIL("sum " << first << " is " << found[at] << ", not " << wanted[at]);
}

template <class T, class W, class... Isa>
void check_all(const scene& s, isa::list<Isa...>) {
  const operands<T, W> o(s);
  const auto wanted = o.expected();
  (check<Isa>(o, wanted), ...);
}

/// The four kinds of operands, with zero points at the ends of their codes and among them.
void check_kinds(scene s, bool extremes) {
  s.extremes = extremes;
  const isa::compiled all;
  for (std::int32_t z : {-128, 127, -3, 0}) {
    s.zero_point = z;
    s.weight_zero.reset();
    check_all<s8, s8>(s, all);
  }
  for (std::int32_t z : {0, 255, 121}) {
    s.zero_point = z;
    s.weight_zero.reset();
    check_all<u8, s8>(s, all);
    s.weight_zero = z;
    check_all<u8, u8>(s, all);
  }
  s.weight_zero = 128;
  check_all<s8, u8>(s, all);
  s.weight_zero = -128;
  check_all<u8, s8>(s, all);
}

void check_shapes(index_t kernel, index_t stride) {
  for (index_t channels : {1, 3, 4, 7, 8, 9, 15, 16, 17, 35}) {
    check_kinds({1, 6, 7, channels, kernel, stride, {1, 1, 1, 1}, 0, {}, false, channels % 4}, false);
  }
  // Some instruction sets take several vectors of channels together.
  for (index_t channels : {31, 32, 33, 63, 64, 65, 80, 147}) {
    const bool extremes = channels == 64;
    const isa::compiled all;
    check_all<u8, s8>({1, 5, 6, channels, kernel, stride, {1, 1, 1, 1}, 77, {}, extremes, channels % 3}, all);
    check_all<s8, s8>({2, 6, 5, channels, kernel, stride, {0, 2, 1, 0}, -7, {}, false, 0}, all);
  }
  for (const gemm::padding& pads : {gemm::padding{0, 0, 0, 0}, gemm::padding{2, 0, 1, 3}, gemm::padding{0, 7, 6, 0}}) {
    for (index_t height : {5, 6, 8, 9}) {
      for (index_t width : {5, 6, 11}) {
        check_all<u8, s8>({2, height, width, 18, kernel, stride, pads, 77, {}, false, 0}, isa::compiled{});
        check_all<s8, s8>({2, height, width, 5, kernel, stride, pads, -7, {}, false, 1}, isa::compiled{});
      }
    }
  }
  // An image smaller than the kernel.
  check_all<s8, s8>({3, 1, 1, 20, kernel, stride, {2, 2, 2, 2}, 5, {}, false, 0}, isa::compiled{});
  check_all<u8, s8>({1, 2, 1, 16, kernel, stride, {4, 5, 4, 4}, 200, {}, false, 0}, isa::compiled{});
  check_kinds({1, 6, 6, 17, kernel, stride, {1, 1, 1, 1}, 0, {}, false, 0}, true);
}

/// An executor that does the tasks last first.
struct backwards {
  static constexpr int threads() { return 3; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    for (index_t i = tasks; i-- > 0;) f(i);
  }
};

template <class Isa>
void check_epilogues(index_t channels) {
  const operands<u8, s8> o({2, 7, 6, channels, 3, 1, {1, 1, 1, 1}, 101, {}, false, 0});
  const gemm::depthwise_weights<Isa> w(o.kernels(), 1);
  const auto sums = o.expected();
  const auto n = static_cast<index_t>(sums.size());
  const auto scales = builders::uniform<float>(channels, 1e-4, 1e-3);
  const gemm::stepped<float> by_channel{scales.data(), 1};
  builders::guarded<s8> codes(n);
  builders::guarded<float> reals(n);
  gemm::depthwise(o.images(), w, o.s.pads, 101, o.bias,
                  gemm::scale_columns{by_channel} >> gemm::round_to{-5, -100, 90} >>
                      gemm::store<s8>{codes.data(), channels},
                  backwards{});
  gemm::depthwise(o.images(), w, o.s.pads, 101, o.bias,
                  gemm::scale_columns{by_channel} >> gemm::store<float>{reals.data(), channels});
  CHECK(codes.intact());
  CHECK(reals.intact());
  index_t wrong = 0;
  for (index_t i = 0; i < n; ++i) {
    const float by = scales[static_cast<std::size_t>(i % channels)];
    const float real = static_cast<float>(sums[static_cast<std::size_t>(i)]) * by;
    const double code = std::min(90.0, std::max(-100.0, static_cast<double>(std::nearbyint(real)) - 5));
    if (reals.data()[i] != real || codes.data()[i] != static_cast<s8>(code)) ++wrong;
  }
  INFO(Isa::name << ", " << channels << " channels");
  CHECK(wrong == 0);
}

template <class... Isa>
void check_all_epilogues(isa::list<Isa...>) {
  ((check_epilogues<Isa>(21), check_epilogues<Isa>(147)), ...);
}

/// Saved by one instruction set and loaded by another.
template <class From, class To>
void check_saved() {
  const operands<u8, u8> o({1, 5, 6, 19, 5, 2, {1, 2, 1, 0}, 3, 255, true, 0});
  const gemm::depthwise_weights<From> w(o.kernels(), 2, o.zeros);
  const std::string saved = w.save();
  const auto loaded = gemm::depthwise_weights<To>::load(saved);
  CHECK(convolved<To>(o, loaded) == o.expected());
  CHECK(loaded.save() == saved);
}

template <class... Isa>
void check_all_saved(isa::list<Isa...>) {
  (check_saved<isa::portable, Isa>(), ...);
  (check_saved<Isa, isa::portable>(), ...);
}

}  // namespace

TEST_CASE("depthwise convolutions are exact on every instruction set: 3 x 3") {
  check_shapes(3, 1);
  check_shapes(3, 2);
}

TEST_CASE("depthwise convolutions are exact on every instruction set: 5 x 5") {
  check_shapes(5, 1);
  check_shapes(5, 2);
}

TEST_CASE("depthwise convolutions go through epilogues, in any order of tasks") {
  check_all_epilogues(isa::compiled{});
}

TEST_CASE("packed depthwise weights are saved alike by every instruction set") {
  check_all_saved(isa::compiled{});
  const std::vector<s8> codes = {1, -2, 3, 4, 5, 6, 7, 8, -128};
  const view<const s8> v{codes.data(), {3, 3, 1}, {3, 1, 1}};
  std::string saved = gemm::depthwise_weights<>(v, 1).save();
  const std::string kind = "depthwise_weights";
  // The last weight: two bytes, the low one first.
  CHECK(saved.substr(saved.size() - 2) == std::string("\x80\xff"));
  CHECK(saved.size() == 8 + kind.size() + 5 * 8 + 18);
  for (std::size_t n = 0; n < saved.size(); ++n) {
    CHECK_THROWS_AS(gemm::depthwise_weights<>::load(saved.substr(0, n)), std::runtime_error);
  }
  CHECK_THROWS_AS(gemm::depthwise_weights<>::load(saved + "x"), std::runtime_error);
  saved.back() = '\x01';
  CHECK_THROWS_WITH(gemm::depthwise_weights<>::load(saved), says("a weight of 384"));
  CHECK(gemm::depthwise_weights<>::load(gemm::depthwise_weights<>{}.save()).channels() == 0);
}

TEST_CASE("depthwise convolutions refuse what does not fit") {
  const std::vector<u8> image(400, 1), codes(400, 1);
  const view<const u8> x{image.data(), {1, 4, 4, 5}, {80, 20, 5, 1}};
  const auto weights = [&](shape sizes, index_t stride, std::vector<std::int32_t> zeros = {}) {
    return gemm::depthwise_weights<>(view<const u8>{codes.data(), sizes, {15, 5, 1}}, stride, zeros);
  };
  CHECK_THROWS_WITH(weights({3, 5, 5}, 1), says("3 x 5 x 5"));
  CHECK_THROWS_WITH(weights({4, 4, 5}, 1), says("4 x 4 with stride 1"));
  CHECK_THROWS_WITH(weights({3, 3, 5}, 3), says("stride 3"));
  CHECK_THROWS_WITH(weights({3, 3, 0}, 1), says("0 channels"));
  CHECK_THROWS_WITH(weights({3, 3, 5}, 1, {1, 2}), says("2 zero points for 5 channels"));
  CHECK_THROWS_WITH(weights({3, 3, 5}, 1, {256}), says("256"));

  std::int32_t out[400];
  const gemm::pipeline<gemm::store<std::int32_t>> keep{{{out, 5}}};
  const auto w = weights({3, 3, 5}, 1);
  const auto strided = [&](index_t channels, index_t step) {
    return view<const u8>{image.data(), {1, 4, 4, channels}, {80, 20, 5, step}};
  };
  CHECK_THROWS_WITH(gemm::depthwise(strided(6, 1), w, {}, 0, {}, keep), says("1 x 4 x 4 x 6"));
  CHECK_THROWS_WITH(gemm::depthwise(x, w, {-1, 0, 0, 0}, 0, {}, keep), says("-1"));
  CHECK_THROWS_WITH(gemm::depthwise(x, weights({5, 5, 5}, 1), {}, 0, {}, keep), says("5 x 5"));
  CHECK_THROWS_WITH(gemm::depthwise(x, w, {}, 256, {}, keep), says("zero point 256"));
  CHECK_THROWS_WITH(gemm::depthwise(x, w, {}, 0, std::vector<std::int32_t>{1}, keep), says("bias of 1"));
  CHECK_THROWS_WITH(gemm::depthwise(strided(5, 2), w, {}, 0, {}, keep), says("step of 2"));
  CHECK_NOTHROW(gemm::depthwise(x, w, {}, 0, {}, keep));
}
