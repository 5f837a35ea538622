// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "calibration/saved_state.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/calibration/min_max.hpp>
#include <equant/core/contiguous.hpp>

namespace {

using namespace equant;

const float infinity = std::numeric_limits<float>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Whether a batch is refused with this message, and changes nothing.
template <class X>
void refuses(const X& batch, const std::string& message) {
  min_max observer;
  for (int round = 0; round < 2; ++round) {
    const std::string before = observer.save();
    CHECK_THROWS_AS(observer.observe(batch), std::invalid_argument);
    CHECK_THROWS_WITH(observer.observe(batch), says(message));
    CHECK(observer.save() == before);
    observer.observe(Eigen::Vector2f(-1, 2));
  }
  CHECK(observer.range() == interval{-1, 2});
}

template <class M>
void refuses_at_its_place() {
  for (Eigen::Index i = 0; i < 5; ++i) {
    for (Eigen::Index j = 0; j < 7; ++j) {
      M x = matrices::uniform<M>(5, 7, -1, 1);
      x(i, j) = (i + j) % 2 == 0 ? not_a_number : -infinity;
      const auto at = [](Eigen::Index row, Eigen::Index column) {
        return "at row " + std::to_string(row) + ", column " + std::to_string(column) + " ";
      };
      refuses(x, at(i, j));
      refuses(x.transpose(), at(j, i));
      refuses(2 * x, at(i, j));
      if (i > 0 && j > 1) refuses(x.block(1, 2, 4, 5), at(i - 1, j - 2));
      if (i > 0 && j > 1) refuses(x.block(1, 2, 4, 5).transpose(), at(j - 2, i - 1));
      refuses(x.row(i), at(0, j));
      refuses(x.col(j), at(i, 0));
    }
  }
}

}  // namespace

TEST_CASE("min_max: the smallest and largest value of all batches") {
  min_max observer;
  observer.observe(Eigen::Vector3f(1, 2, 3));
  CHECK(observer.range() == interval{1, 3});
  observer.observe(std::vector<double>{-0.25, 1e-3});
  CHECK(observer.range() == interval{-0.25, 3});
  observer.observe(Eigen::MatrixXf(0, 4));
  observer.observe(std::vector<fp16>{fp16(4.5f)});
  CHECK(observer.range() == interval{-0.25, 4.5});
  CHECK(observer.range<int8>(symmetric) == observer.range());
  CHECK(observer.params<int8>(symmetric)[0] == affine{4.5f / 127, 0});
  CHECK(observer.params<uint8>(asymmetric)[0] == affine{4.75f / 255, 13});  // 0.25 / (4.75 / 255) = 13.4
  CHECK(observer.params<int8>(symmetric, convention::torch{})[0] == affine{4.5f / 127.5f, 0});
}

TEST_CASE("min_max: doubles are not narrowed") {
  min_max observer;
  observer.observe(std::vector<double>{-1 - 1e-12, 1 + 1e-12});
  CHECK(observer.range() == interval{-1 - 1e-12, 1 + 1e-12});
}

TEST_CASE("min_max: any split into batches, in any order, on any number of observers, is the same") {
  builders::random_numbers random(11);
  for (int trial = 0; trial < 50; ++trial) {
    const auto x = matrices::uniform<matrices::row_major>(37, 5, -3, 2, random.bits());
    min_max whole;
    whole.observe(x);
    std::vector<min_max> parts(4);
    std::vector<std::pair<Eigen::Index, Eigen::Index>> batches;  // first row, rows
    for (Eigen::Index row = 0; row < x.rows();) {
      const Eigen::Index n = std::min<Eigen::Index>(random.below(9), x.rows() - row);
      batches.emplace_back(row, n);
      row += n;
    }
    for (std::size_t left = batches.size(); left > 0; --left) {
      const auto i = static_cast<std::size_t>(random.below(static_cast<int>(left)));
      const auto [row, n] = batches[i];
      parts[static_cast<std::size_t>(random.below(4))].observe(x.middleRows(row, n));
      batches.erase(batches.begin() + static_cast<std::ptrdiff_t>(i));
    }
    while (parts.size() > 1) {
      const auto last = static_cast<std::size_t>(random.below(static_cast<int>(parts.size()) - 1));
      parts[last].merge(parts.back());
      parts.pop_back();
    }
    CHECK(whole.range() == interval{double(x.minCoeff()), double(x.maxCoeff())});
    CHECK(parts[0].range() == whole.range());
    CHECK(parts[0].params<int8>(asymmetric) == whole.params<int8>(asymmetric));
  }
}

TEST_CASE("min_max: what is not finite is refused at its logical place") {
  refuses_at_its_place<Eigen::MatrixXf>();
  refuses_at_its_place<matrices::row_major>();
  refuses(std::vector<float>{1, 2, not_a_number}, "the value nan at (2) is not finite");
  refuses(std::vector<float>{1, infinity}, "the value inf at (1) is not finite");
  refuses(std::vector<bf16>{bf16(not_a_number)}, " at (0) is not finite; non_finite::skip leaves such values out");
}

TEST_CASE("min_max: skipping leaves out what is not finite") {
  min_max observer;
  observer.observe(Eigen::Vector4f(not_a_number, -2, infinity, 5), non_finite::skip);
  CHECK(observer.range() == interval{-2, 5});
  observer.observe(Eigen::Vector3f(-infinity, not_a_number, 6), non_finite::skip);
  CHECK(observer.range() == interval{-2, 6});
}

TEST_CASE("min_max: without a value there are no parameters") {
  min_max observer;
  CHECK(!observer.seen());
  CHECK_THROWS_AS(observer.params<int8>(symmetric), std::invalid_argument);
  CHECK_THROWS_WITH(observer.params<int8>(symmetric), says("min_max has not observed any value"));
  observer.observe(Eigen::MatrixXf(3, 0));
  observer.observe(Eigen::Vector3f(not_a_number, infinity, -infinity), non_finite::skip);
  observer.merge(min_max{});
  CHECK(!observer.seen());
  CHECK_THROWS_WITH(observer.params<int8>(symmetric), says("has not observed"));
  observer.observe(Eigen::Vector2f::Zero());
  CHECK(observer.seen());
  CHECK(observer.params<int8>(symmetric)[0].scale == 1);
}

TEST_CASE("min_max: a saved state is the observer") {
  min_max observer;
  min_max empty;
  empty.load(observer.save());
  CHECK(!empty.seen());
  const double widest = std::numeric_limits<double>::max();
  for (const interval x : {interval{0, 0}, interval{-1.5, 3e-310}, interval{0.1, 0.2}, interval{-widest, widest}}) {
    INFO(x.low << " to " << x.high);
    min_max seen;
    seen.absorb(x);
    min_max loaded = observer;
    loaded.load(seen.save());
    CHECK(loaded.range() == x);
    loaded.observe(Eigen::Vector2f(-7, 7));
    CHECK(loaded.range() == interval{std::min(x.low, -7.0), std::max(x.high, 7.0)});
    observer = loaded;  // a load replaces
  }
}

TEST_CASE("min_max: bytes that are not a state are refused") {
  min_max saved, loading;
  saved.absorb({-1.25, 3.75});
  loading.absorb({-8, 8});
  const auto valid = [](const min_max& o) {
    return o.range().low <= o.range().high && std::isfinite(o.range().low) && std::isfinite(o.range().high);
  };
  saved_state::refuses_damage(saved, loading, valid);
  const double inf = std::numeric_limits<double>::infinity(), no = std::numeric_limits<double>::quiet_NaN();
  for (const interval x : {interval{1, -1}, interval{no, 1}, interval{1, no}, interval{-inf, 0}, interval{0, inf},
                           interval{-inf, inf}, interval{inf, inf}}) {
    archive_writer out("min_max", 1);
    out.real(x.low);
    out.real(x.high);
    CHECK(saved_state::refused(loading, std::move(out).take()));
  }
  CHECK_THROWS_WITH(loading.load("what is this?"), says("saved state of min_max"));
}

TEST_CASE("min_max: its memory does not grow") {
  STATIC_REQUIRE(sizeof(min_max) == 2 * sizeof(double));
  STATIC_REQUIRE(std::is_trivially_copyable_v<min_max>);
  STATIC_REQUIRE(calibrator<min_max>);
}
