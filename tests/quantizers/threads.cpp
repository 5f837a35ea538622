// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/calibration/granular.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/core/thread_pool.hpp>
#include <equant/dequantize.hpp>
#include <equant/formats/formats.hpp>
#include <equant/quantize.hpp>

using namespace equant;

namespace {

// Large enough to be cut into parts, of sizes that put their borders within rows and groups.
constexpr Eigen::Index rows = 391, cols = 517;

template <class Format, class X>
void same_on_all_threads(const X& x, const auto& where) {
  using plain = typename X::PlainObject;
  granular<min_max, std::remove_cvref_t<decltype(where)>> seen(min_max{}, where);
  seen.observe(x);
  const auto params = seen.template params<Format>(asymmetric);
  const uniform_quantizer<Format> u(params);
  const auto q = u.quantize(x);
  const plain fake = u.fake_quantize(x), mask = u.gradient_mask(x), back = u.template dequantize<plain>(q);
  const matrices::row_major other = dequantize<matrices::row_major>(q);
  for (int threads : {1, 2, 3, 7}) {
    INFO(Format::bits << " bits, " << threads << " threads");
    Eigen::ThreadPool pool(threads);
    const pool_executor run(pool);
    granular<min_max, std::remove_cvref_t<decltype(where)>> observed(min_max{}, where);
    observed.observe(x, non_finite::reject, run);
    CHECK(observed.template params<Format>(asymmetric) == params);
    CHECK(u.quantize(x, run) == q);
    auto again = u.quantize(plain::Zero(x.rows(), x.cols()));
    u.quantize_into(x, again, run);
    CHECK(std::ranges::equal(again.bytes(), q.bytes()));
    CHECK(u.fake_quantize(x, run) == fake);
    CHECK(u.gradient_mask(x, run) == mask);
    CHECK(u.template dequantize<plain>(q, run) == back);
    CHECK(dequantize<matrices::row_major>(q, run) == other);  // in tiles, where x is column-major
  }
}

template <class Format>
void all_layouts() {
  const Eigen::MatrixXf x = matrices::uniform<Eigen::MatrixXf>(rows, cols, -3, 3);
  const matrices::row_major y = x;
  same_on_all_threads<Format>(x, per_tensor);
  same_on_all_threads<Format>(x, per_axis{0});
  same_on_all_threads<Format>(y, per_axis{0});
  same_on_all_threads<Format>(x, per_group{1, 64});
  same_on_all_threads<Format>(y, per_group{1, 64});
  same_on_all_threads<Format>(x.middleRows(3, 380), per_axis{1});
}

/// One thread that says it is four and counts its tasks.
struct counting {
  int* tasks;
  int threads() const { return 4; }
  void operator()(index_t n, auto&& f) const {
    *tasks += static_cast<int>(n);
    for (index_t i = n; i-- > 0;) f(i);
  }
};

}  // namespace

TEST_CASE("threads: results do not depend on their number") {
  all_layouts<int8>();
  all_layouts<int4>();
  all_layouts<uint3>();
  all_layouts<unsigned_integer<1>>();
  all_layouts<int12>();
}

TEST_CASE("threads: quantize takes an executor among its options") {
  const Eigen::MatrixXf x = matrices::uniform<Eigen::MatrixXf>(rows, cols, -3, 3);
  Eigen::ThreadPool pool(3);
  const pool_executor threads(pool);
  CHECK(quantize<int8>(x, threads) == quantize<int8>(x));
  CHECK(quantize<int4>(x, per_group{1, 64}, threads, symmetric) == quantize<int4>(x, per_group{1, 64}, symmetric));
  CHECK(quantize<int4>(x, stochastic{counter_bits{7}}, threads) == quantize<int4>(x, stochastic{counter_bits{7}}));
  CHECK(quantize<q4_0>(x, threads) == quantize<q4_0>(x));
  CHECK(quantize<mxfp4>(x, searched{}, threads) == quantize<mxfp4>(x, searched{}));
  int tasks = 0;
  CHECK(quantize<int8>(x, counting{&tasks}) == quantize<int8>(x));
  CHECK(tasks > 8);  // the range, then the codes
}

TEST_CASE("threads: half precision") {
  const Eigen::MatrixXf x = matrices::uniform<Eigen::MatrixXf>(rows, cols, -3, 3);
  const Eigen::Matrix<fp16, Eigen::Dynamic, Eigen::Dynamic> half = x.cast<fp16>();
  const uniform_quantizer<int8> u(affine{0.03f, 2});
  Eigen::ThreadPool pool(3);
  CHECK(u.quantize(half, pool_executor(pool)) == u.quantize(half));
  CHECK(u.fake_quantize(half, pool_executor(pool)) == u.fake_quantize(half));
}

TEST_CASE("threads: a value that is not finite is named, the first one, whatever the threads") {
  Eigen::MatrixXf x = matrices::uniform<Eigen::MatrixXf>(rows, cols, -3, 3);
  x(390, 500) = x(17, 300) = std::numeric_limits<float>::infinity();
  for (int threads : {1, 2, 3, 7}) {
    Eigen::ThreadPool pool(threads);
    min_max o;
    CHECK_THROWS_WITH(o.observe(x, non_finite::reject, pool_executor(pool)), says("row 17, column 300"));
    CHECK_FALSE(o.seen());
    min_max skipping, alone;
    skipping.observe(x, non_finite::skip, pool_executor(pool));
    alone.observe(x, non_finite::skip);
    CHECK(skipping.range() == alone.range());
  }
}

TEST_CASE("threads: a result of another shape is refused as without") {
  const Eigen::MatrixXf x = Eigen::MatrixXf::Ones(rows, cols);
  const uniform_quantizer<int8> u(affine{0.03f, 2});
  Eigen::ThreadPool pool(2);
  Eigen::MatrixXf y(rows, cols + 1);
  CHECK_THROWS_AS(u.fake_quantize_into(x, y, pool_executor(pool)), std::invalid_argument);
  CHECK_THROWS_AS(dequantize_into(u.quantize(x), y, pool_executor(pool)), std::invalid_argument);
}
