// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "builders.hpp"

#include <equant/gemm/convolution.hpp>

namespace {

using namespace equant;
using builders::random_numbers;
using gemm::moving_window;

struct problem {
  shape image;  // N x H x W x C
  index_t outputs = 1, groups = 1;
  moving_window window;
  bool zeros = false, bias = true;
};

template <class T>
std::vector<T> codes(index_t n, std::uint64_t seed) {
  random_numbers random(seed);
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& x : v) x = static_cast<T>(random.bits() >> 13);
  return v;
}

/// The definition, tap by tap in 64 bits.
template <class T>
std::vector<std::int32_t> wanted(const problem& p, const shape& result, const std::vector<T>& x, int zero,
                                 const std::vector<std::int8_t>& w, const std::vector<std::int32_t>& weight_zeros,
                                 const std::vector<std::int32_t>& bias) {
  std::vector<std::int32_t> sums;
  const index_t inputs = p.image[3] / p.groups, each = p.outputs / p.groups;
  for (index_t n = 0; n < result[0]; ++n) {
    for (index_t y = 0; y < result[1]; ++y) {
      for (index_t c = 0; c < result[2]; ++c) {
        for (index_t o = 0; o < p.outputs; ++o) {
          std::int64_t sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(o)];
          const int zw = weight_zeros.empty() ? 0 : weight_zeros[static_cast<std::size_t>(o)];
          for (index_t k = 0; k < inputs; ++k) {
            for (index_t i = 0; i < p.window.kernel[0]; ++i) {
              for (index_t j = 0; j < p.window.kernel[1]; ++j) {
                const index_t v = y * p.window.strides[0] + i * p.window.dilations[0] - p.window.pads[0];
                const index_t u = c * p.window.strides[1] + j * p.window.dilations[1] - p.window.pads[1];
                if (v < 0 || v >= p.image[1] || u < 0 || u >= p.image[2]) continue;
                const index_t at = ((n * p.image[1] + v) * p.image[2] + u) * p.image[3] + o / each * inputs + k;
                const index_t of = ((o * inputs + k) * p.window.kernel[0] + i) * p.window.kernel[1] + j;
                sum += std::int64_t{x[static_cast<std::size_t>(at)] - zero} * (w[static_cast<std::size_t>(of)] - zw);
              }
            }
          }
          sums.push_back(static_cast<std::int32_t>(sum));
        }
      }
    }
  }
  return sums;
}

template <class... Isa, class F>
void for_each(isa::list<Isa...>, F f) {
  (f(Isa{}), ...);
}

struct backwards {
  int count;
  int threads() const { return count; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    while (tasks-- > 0) f(tasks);
  }
};

template <class T>
void check(const problem& p, std::uint64_t seed) {
  const index_t inputs = p.image[3] / p.groups;
  const shape weights{p.outputs, inputs, p.window.kernel[0], p.window.kernel[1]};
  const auto x = codes<T>(p.image.count(), seed);
  const auto w = codes<std::int8_t>(weights.count(), seed + 1);
  random_numbers random(seed + 2);
  const int zero = static_cast<T>(random.bits());
  std::vector<std::int32_t> zw, bias;
  for (index_t o = 0; o < p.outputs; ++o) {
    if (p.zeros) zw.push_back(random.below(256) - 128);
    if (p.bias) bias.push_back(random.below(200001) - 100000);
  }
  const builders::exact_copy<T> image(x.data(), p.image.count(), static_cast<index_t>(seed % 3));
  for_each(isa::compiled{}, [&]<class Isa>(Isa) {
    INFO(Isa::name << ", images " << to_string(p.image) << ", weights " << to_string(weights) << ", groups " << p.groups << ", strides "
                   << p.window.strides[0] << " " << p.window.strides[1] << ", signed " << std::is_signed_v<T>);
    const gemm::convolution<T, Isa> conv(view<const std::int8_t>{w.data(), weights, row_major_strides(weights)}, zw, bias, p.window,
                                         p.groups, zero);
    const shape result = conv.result_sizes(p.image);
    const auto right = wanted(p, result, x, zero, w, zw, bias);
    REQUIRE(result.count() == static_cast<index_t>(right.size()));
    for (int threads : {1, 3}) {
      builders::guarded<std::int32_t> got(result.count());
      builders::guarded<std::uint8_t> scratch(static_cast<index_t>(conv.scratch_bytes(p.image, threads)));
      const std::span<std::uint8_t> room(scratch.data(), conv.scratch_bytes(p.image, threads));
      const auto store = gemm::pipeline<gemm::store<std::int32_t>>{{gemm::store<std::int32_t>(got.data(), p.outputs)}};
      conv.run(image.data(), p.image, room, store, backwards{threads});
      CHECK(builders::first_difference(got.data(), right.data(), result.count()) == result.count());
      CHECK(got.intact());
      CHECK(scratch.intact());
    }
  });
}

}  // namespace

TEST_CASE("convolution: windows, strides, dilations and paddings") {
  std::uint64_t seed = 1;
  for (const moving_window& w : std::vector<moving_window>{
           {{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
           {{1, 1}, {2, 2}, {1, 1}, {0, 0, 0, 0}},
           {{1, 1}, {1, 1}, {1, 1}, {1, 0, 2, 1}},
           {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
           {{3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}},
           {{3, 2}, {1, 3}, {2, 1}, {2, 0, 1, 3}},
           {{2, 3}, {2, 1}, {1, 2}, {0, 3, 0, 0}},
           {{7, 7}, {2, 2}, {1, 1}, {3, 3, 3, 3}},
           {{1, 5}, {1, 1}, {1, 3}, {0, 6, 0, 6}},
       }) {
    for (index_t channels : {1, 3, 4, 17, 32}) {
      ++seed;
      check<std::uint8_t>({{2, 9, 8, channels}, 5 + static_cast<index_t>(seed % 30), 1, w, seed % 3 == 0, seed % 2 == 0}, seed);
      check<std::int8_t>({{1, 8, 9, channels}, 16, 1, w, seed % 3 == 1, seed % 2 == 1}, seed + 100);
    }
  }
}

TEST_CASE("convolution: groups, and every channel by itself") {
  std::uint64_t seed = 500;
  for (const moving_window& w : std::vector<moving_window>{
           {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
           {{3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}},
           {{5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}},
           {{3, 3}, {1, 1}, {2, 2}, {2, 2, 2, 2}},
           {{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
           {{7, 3}, {1, 3}, {1, 1}, {3, 0, 3, 1}},
       }) {
    for (bool zeros : {false, true}) {
      seed += 7;
      check<std::uint8_t>({{1, 7, 8, 19}, 19, 19, w, zeros}, seed);
      check<std::int8_t>({{2, 7, 7, 16}, 16, 16, w, zeros}, seed + 1);
      check<std::uint8_t>({{1, 7, 8, 6}, 9, 3, w, zeros}, seed + 2);
      check<std::int8_t>({{1, 8, 7, 20}, 40, 2, w, zeros}, seed + 3);
      check<std::uint8_t>({{1, 7, 8, 5}, 10, 5, w, zeros}, seed + 4);
    }
  }
}

TEST_CASE("convolution: several blocks of rows, and a dense layer") {
  check<std::uint8_t>({{1, 20, 20, 64}, 24, 1, {{3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}}, 900);
  check<std::uint8_t>({{1, 1, 1, 131}, 70, 1, {}}, 901);
  check<std::int8_t>({{5, 1, 1, 30}, 7, 1, {}, true}, 902);
}

TEST_CASE("convolution: what does not fit is refused") {
  const std::vector<std::int8_t> w(36, 1);
  const moving_window window{{3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  const view<const std::int8_t> four{w.data(), {4, 1, 3, 3}, {9, 9, 3, 1}};
  using conv = gemm::convolution<std::uint8_t>;
  CHECK_THROWS_WITH(conv(four, {}, {}, {}, 1, 0), says("for a kernel of 1 x 1"));
  CHECK_THROWS_WITH(conv(four, {}, {}, window, 3, 0), says("in 3 groups"));
  CHECK_THROWS_WITH(conv(four, {}, {}, window, 1, 256), says("the zero point 256"));
  const std::vector<std::int32_t> two(2);
  CHECK_THROWS_WITH(conv(four, {}, two, window, 1, 0), says("a bias of 2 for 4 outputs"));
  const conv ready(four, {}, {}, window, 1, 0);
  CHECK_THROWS_WITH(ready.result_sizes({1, 2, 5, 1}), says("on images of 1 x 2 x 5 x 1"));
  CHECK_THROWS_WITH(ready.result_sizes({1, 5, 5, 2}), says("on images of 1 x 5 x 5 x 2"));
}
