// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/gemm/weight_only.hpp>

#include <cmath>

namespace {

using namespace equant;
using builders::random_numbers;
using gemm::packed_weights;

/// Weights as they are given, K x N with the groups' parameters beside them.
struct problem {
  index_t rows, depth, columns, group;
  int bits;
  bool zeros;
  std::vector<std::uint8_t> codes, zero_points;
  std::vector<std::uint16_t> scales;
  std::vector<float> x, bias;

  problem(index_t m, index_t k, index_t n, index_t g, int b, bool z, std::uint64_t seed = 1)
      : rows(m), depth(k), columns(n), group(g), bits(b), zeros(z) {
    random_numbers random(seed);
    for (index_t i = 0; i < k * n; ++i) codes.push_back(static_cast<std::uint8_t>(random.below(1 << b)));
    for (index_t i = 0; i < groups() * n; ++i) {
      // halves of either sign, some of them subnormal
      const int exponent = random.below(8) == 0 ? 0 : 5 + random.below(12);
      scales.push_back(static_cast<std::uint16_t>(exponent << 10 | random.below(1024) | random.below(2) << 15));
      zero_points.push_back(static_cast<std::uint8_t>(random.below(b == 8 ? 256 : (1 << b) + 3)));
    }
    for (index_t i = 0; i < m * k; ++i) x.push_back(static_cast<float>(random.uniform(-2, 2)));
    for (index_t i = 0; i < n; ++i) bias.push_back(static_cast<float>(random.uniform(-2, 2)));
  }

  index_t groups() const { return (depth + group - 1) / group; }
  packed_weights packed() const {
    view<const std::uint8_t> z;
    if (zeros) z = {zero_points.data(), {groups(), columns}, {columns, 1}};
    return packed_weights(view<const std::uint8_t>{codes.data(), {depth, columns}, {columns, 1}}, bits, group,
                          {scales.data(), {groups(), columns}, {columns, 1}}, z);
  }
  int centred(index_t k, index_t n) const {
    const auto at = static_cast<std::size_t>(k / group * columns + n);
    return codes[static_cast<std::size_t>(k * columns + n)] - (zeros ? zero_points[at] : 1 << (bits - 1));
  }
  float scale(index_t g, index_t n) const {
    const int word = scales[static_cast<std::size_t>(g * columns + n)], exponent = word >> 10 & 31;
    const double size = exponent == 0 ? std::ldexp(word & 1023, -24) : std::ldexp(1024 + (word & 1023), exponent - 25);
    return static_cast<float>(word >> 15 != 0 ? -size : size);
  }
};

float stored(float v) {
  volatile float memory = v;
  return memory;
}

/// One result by the rule of float activations.
float oracle(gemm::float_activations, const problem& p, const float* x, index_t n) {
  float y = 0;
  for (index_t g = 0; g < p.groups(); ++g) {
    float part[4] = {};
    for (index_t k = g * p.group; k < std::min(p.depth, (g + 1) * p.group); ++k) {
      float& q = part[(k - g * p.group) % 4];
      q = std::fma(x[k], static_cast<float>(p.centred(k, n)), q);
    }
    const float low = stored(part[0] + part[1]), high = stored(part[2] + part[3]);
    y = std::fma(stored(low + high), p.scale(g, n), y);
  }
  return y;
}

/// One result by the rule of int8 activations.
float oracle(gemm::int8_activations, const problem& p, const float* x, index_t n) {
  float y = 0;
  for (index_t g = 0; g < p.groups(); ++g) {
    const index_t first = g * p.group, last = std::min(p.depth, first + p.group);
    float largest = 0;
    for (index_t k = first; k < last; ++k) largest = std::fmax(largest, std::fabs(x[k]));
    const float scale = stored(largest / 127);
    long long sum = 0;
    for (index_t k = first; k < last; ++k) {
      const float ratio = scale > 0 ? stored(x[k] / scale) : 0;
      const long code = std::lrint(std::fmin(std::fmax(ratio, -127.0f), 127.0f));
      sum += static_cast<long long>(code) * p.centred(k, n);
    }
    y = std::fma(static_cast<float>(sum), stored(scale * p.scale(g, n)), y);
  }
  return y;
}

template <class Isa, class Activations>
void check(const problem& p, bool with_bias, bool column_major) {
  INFO(Isa::name << ": " << p.rows << " x " << p.depth << " x " << p.columns << ", group " << p.group << ", bits "
                 << p.bits << ", zero points " << p.zeros << ", column-major " << column_major);
  const auto packed = p.packed();
  builders::guarded<float> y(p.rows * p.columns, 3);
  const shape x_sizes{p.rows, p.depth}, y_sizes{p.rows, p.columns};
  std::vector<float> given = p.x;
  if (column_major) {
    for (index_t m = 0; m < p.rows; ++m) {
      for (index_t k = 0; k < p.depth; ++k) {
        given[static_cast<std::size_t>(k * p.rows + m)] = p.x[static_cast<std::size_t>(m * p.depth + k)];
      }
    }
  }
  const builders::exact_copy<float> x(given.data(), p.rows * p.depth, 1);
  const shape x_strides = column_major ? shape{1, p.rows} : shape{p.depth, 1};
  const shape y_strides = column_major ? shape{1, p.rows} : shape{p.columns, 1};
  std::span<const float> bias;
  if (with_bias) bias = p.bias;
  gemm::multiply<Isa>(Activations{}, {x.data(), x_sizes, x_strides}, packed, {y.data(), y_sizes, y_strides}, bias);
  int wrong = 0;
  for (index_t m = 0; m < p.rows; ++m) {
    for (index_t n = 0; n < p.columns; ++n) {
      float expected = oracle(Activations{}, p, p.x.data() + m * p.depth, n);
      if (with_bias) expected = stored(expected + p.bias[static_cast<std::size_t>(n)]);
      const float got = y.data()[m * y_strides[0] + n * y_strides[1]];
      if (!builders::same_bits(&expected, &got, 1) && ++wrong == 1) {
        UNSCOPED_INFO("(" << m << ", " << n << "): expected " << expected << ", got " << got);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(y.intact());
}

template <class Isa>
void check_both(const problem& p, bool with_bias = false, bool column_major = false) {
  check<Isa, gemm::float_activations>(p, with_bias, column_major);
  check<Isa, gemm::int8_activations>(p, with_bias, column_major);
}

template <class... Isa, class F>
void for_each_isa(isa::list<Isa...>, F&& f) {
  (f(Isa{}), ...);
}

/// Threads that take the tasks in the wrong order.
struct backwards {
  static constexpr int threads() { return 3; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    for (index_t i = tasks; i-- > 0;) f(i);
  }
};

}  // namespace

TEST_CASE("weight-only products keep to their rule to the bit, whatever the shape", "[gemm]") {
  for_each_isa(isa::compiled{}, [](auto tag) {
    using I = decltype(tag);
    for (int bits : {2, 4, 8}) {
      for (bool zeros : {false, true}) {
        for (index_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 17}) check_both<I>({rows, 72, 33, 32, bits, zeros});
        for (index_t columns : {1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 48, 63, 65}) {
          check_both<I>({3, 40, columns, 8, bits, zeros}, true);
        }
        for (index_t depth : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 100, 129}) {
          check_both<I>({2, depth, 10, 32, bits, zeros});
        }
        for (index_t group : {1, 3, 8, 12, 16, 24, 40, 64, 128, 500}) check_both<I>({3, 130, 18, group, bits, zeros});
        check_both<I>({5, 70, 37, 24, bits, zeros}, true, true);
      }
    }
  });
}

TEST_CASE("weight-only products are exact in integers at the ends of the codes", "[gemm]") {
  for_each_isa(isa::compiled{}, [](auto tag) {
    using I = decltype(tag);
    for (int bits : {2, 4, 8}) {
      for (int code : {0, (1 << bits) - 1}) {
        for (int zero : {0, (1 << bits) - 1, 255}) {
          problem p(2, 4096, 5, 4096, bits, true);
          std::fill(p.codes.begin(), p.codes.end(), static_cast<std::uint8_t>(code));
          std::fill(p.zero_points.begin(), p.zero_points.end(), static_cast<std::uint8_t>(zero));
          for (std::size_t k = 0; k < 4096; ++k) {
            p.x[k] = 1;
            p.x[4096 + k] = -1;
          }
          check_both<I>(p);
        }
      }
    }
    // the largest group there is
    problem p(1, 65536, 1, 65536, 8, true);
    std::fill(p.codes.begin(), p.codes.end(), std::uint8_t{255});
    std::fill(p.zero_points.begin(), p.zero_points.end(), std::uint8_t{0});
    std::fill(p.x.begin(), p.x.end(), 1.0f);
    check<I, gemm::int8_activations>(p, false, false);
    std::fill(p.x.begin(), p.x.end(), -1.0f);
    check<I, gemm::int8_activations>(p, false, false);
  });
}

TEST_CASE("activations of zero, tiny and huge ones keep to the rule", "[gemm]") {
  for_each_isa(isa::compiled{}, [](auto tag) {
    using I = decltype(tag);
    for (float factor : {0.0f, 1e-44f, 1e-40f, 1e-37f, 1e30f, 5e36f}) {
      problem p(3, 64, 20, 16, 4, false);
      for (float& v : p.x) v *= factor;
      check_both<I>(p);
    }
  });
}

TEST_CASE("an activation that is not finite makes its row NaN or infinite, and no other", "[gemm]") {
  for_each_isa(isa::compiled{}, [](auto tag) {
    for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                      -std::numeric_limits<float>::infinity()}) {
      problem p(3, 64, 20, 16, 4, false);
      for (auto& s : p.scales) s = 0x3800;  // 0.5
      for (auto& c : p.codes) c = 11;
      p.x[64 + 17] = bad;
      const auto packed = p.packed();
      std::vector<float> y(60), z(60);
      const view<const float> x{p.x.data(), {3, 64}, {64, 1}};
      gemm::multiply<decltype(tag)>(gemm::int8_activations{}, x, packed, {y.data(), {3, 20}, {20, 1}});
      gemm::multiply<decltype(tag)>(gemm::float_activations{}, x, packed, {z.data(), {3, 20}, {20, 1}});
      for (std::size_t i = 0; i < 60; ++i) {
        CHECK(std::isnan(y[i]) == (i / 20 == 1));
        CHECK(std::isfinite(z[i]) == (i / 20 != 1));
      }
    }
  });
}

TEST_CASE("weight-only products do not depend on threads, nor on how rows are blocked", "[gemm]") {
  const problem p(40, 4100, 70, 32, 4, false);
  const auto packed = p.packed();
  const view<const float> x{p.x.data(), {40, 4100}, {4100, 1}};
  std::vector<float> one(40 * 70), three(40 * 70), row(70);
  auto into = [](std::vector<float>& y, index_t m) { return view<float>{y.data(), {m, 70}, {70, 1}}; };
  auto both = [&](auto activations) {
    gemm::multiply(activations, x, packed, into(one, 40));
    gemm::multiply(activations, x, packed, into(three, 40), {}, backwards{});
    CHECK(builders::same_bits(one.data(), three.data(), 40 * 70));
    for (index_t m : {0, 17, 39}) {
      gemm::multiply(activations, view<const float>{p.x.data() + m * 4100, {1, 4100}, {4100, 1}}, packed, into(row, 1));
      CHECK(builders::same_bits(one.data() + m * 70, row.data(), 70));
    }
  };
  both(gemm::int8_activations{});
  both(gemm::float_activations{});
}

TEST_CASE("both kinds of activations come near the product in real numbers", "[gemm]") {
  const problem p(4, 512, 40, 32, 4, true);
  const auto packed = p.packed();
  const view<const float> x{p.x.data(), {4, 512}, {512, 1}};
  std::vector<float> y(160), z(160);
  gemm::multiply(gemm::float_activations{}, x, packed, {y.data(), {4, 40}, {40, 1}});
  gemm::multiply(gemm::int8_activations{}, x, packed, {z.data(), {4, 40}, {40, 1}});
  double error = 0, quantized_error = 0, size = 0;
  for (index_t m = 0; m < 4; ++m) {
    for (index_t n = 0; n < 40; ++n) {
      double exact = 0;
      for (index_t k = 0; k < 512; ++k) {
        const double w = static_cast<double>(p.scale(k / 32, n)) * p.centred(k, n);
        exact += static_cast<double>(p.x[static_cast<std::size_t>(m * 512 + k)]) * w;
      }
      const auto i = static_cast<std::size_t>(m * 40 + n);
      error += std::pow(static_cast<double>(y[i]) - exact, 2);
      quantized_error += std::pow(static_cast<double>(z[i]) - exact, 2);
      size += exact * exact;
    }
  }
  CHECK(error < 1e-12 * size);
  CHECK(quantized_error < 1e-4 * size);
}

TEST_CASE("weight-only products name the sizes that do not fit", "[gemm]") {
  const problem p(2, 16, 5, 8, 4, false);
  const auto packed = p.packed();
  std::vector<float> y(10);
  const view<const float> x{p.x.data(), {2, 16}, {16, 1}}, narrow{p.x.data(), {2, 15}, {15, 1}};
  const view<float> to{y.data(), {2, 5}, {5, 1}}, small{y.data(), {2, 4}, {4, 1}};
  const std::vector<float> bias(4);
  CHECK_THROWS_WITH(gemm::multiply(gemm::float_activations{}, narrow, packed, to),
                    says("2 x 15 and weights of 16 x 5"));
  CHECK_THROWS_WITH(gemm::multiply(gemm::int8_activations{}, x, packed, small), says("into 2 x 4"));
  CHECK_THROWS_WITH(gemm::multiply(gemm::int8_activations{}, x, packed, to, bias), says("a bias of 4 for 5 columns"));
}
