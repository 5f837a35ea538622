// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "calibration/saved_state.hpp"
#include "core/says.hpp"
#include "matrices.hpp"

#include <equant/calibration/granular.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/calibration/moving_average.hpp>

namespace {

using namespace equant;

/// What an observer of its own sees in each block of a matrix.
std::vector<min_max> naive(const Eigen::MatrixXf& x, const blocking& where) {
  const shape counts = where.counts({x.rows(), x.cols()});
  std::vector<min_max> each(static_cast<std::size_t>(counts.count()));
  auto block = [&](int axis, Eigen::Index i) { return where.lengths[axis] == 0 ? 0 : i / where.lengths[axis]; };
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (Eigen::Index j = 0; j < x.cols(); ++j) {
      const double v = static_cast<double>(x(i, j));
      each[static_cast<std::size_t>(block(0, i) * counts[1] + block(1, j))].absorb({v, v});
    }
  }
  return each;
}

template <class A, class B>
void same(const A& a, const B& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].range() == b[i].range());
}

template <class Granularity>
void equals_a_loop(const Granularity& g, index_t blocks) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto x = matrices::uniform<Eigen::MatrixXf>(13, 11, -4, 6, seed);
    const matrices::row_major rows = x;
    const blocking where = normal_form(g, {13, 11});
    INFO(to_string(where));
    const std::vector<min_max> wanted = naive(x, where);
    REQUIRE(index_t(wanted.size()) == blocks);
    granular observer(min_max{}, g);
    granular of_rows(min_max{}, g);
    observer.observe(x);
    of_rows.observe(rows);
    same(observer.each(), wanted);
    same(of_rows.each(), wanted);
    const auto p = observer.template params<uint8>(asymmetric);
    REQUIRE(p.count() == blocks);
    for (index_t b = 0; b < blocks; ++b) {
      CHECK(p[b] == wanted[std::size_t(b)].params<uint8>(asymmetric)[0]);
    }
    if (blocks > 1) CHECK(p.blocks({13, 11}) == where);
    CHECK(of_rows.template params<uint8>(asymmetric) == p);
    CHECK(observer.template params<int4>(symmetric).zero_points().size() == 1);  // all share it
  }
}

}  // namespace

TEST_CASE("granular: per axis, per group and by hand equal an observer per block") {
  equals_a_loop(per_tensor, 1);
  equals_a_loop(per_axis{0}, 13);
  equals_a_loop(per_axis{1}, 11);
  equals_a_loop(per_axis{-1}, 11);
  equals_a_loop(per_group{1, 4}, 13 * 3);
  equals_a_loop(per_group{0, 5}, 3 * 11);
  equals_a_loop(per_group{-1, 100}, 13);
  equals_a_loop(blocking{{4, 3}}, 4 * 4);
  equals_a_loop(blocking{{1, 1}}, 13 * 11);
  equals_a_loop(blocking{{blocking::whole, 6}}, 2);
}

TEST_CASE("granular: batches differ in size along the other axes") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(20, 6, -1, 1);
  granular columns(min_max{}, per_axis{1});
  for (auto [from, n] : {std::pair{0, 3}, {3, 1}, {4, 0}, {4, 16}}) columns.observe(x.middleRows(from, n));
  same(columns.each(), naive(x, {{0, 1}}));
  granular rows(min_max{}, per_axis{0});
  rows.observe(x.leftCols(5));
  rows.observe(x.rightCols(1));
  same(rows.each(), naive(x, {{1, 0}}));
}

TEST_CASE("granular: a batch with other blocks is refused and changes nothing") {
  granular observer(min_max{}, per_axis{0});
  observer.observe(Eigen::MatrixXf::Ones(3, 4));
  const std::string before = observer.save();
  CHECK_THROWS_AS(observer.observe(Eigen::MatrixXf::Ones(4, 4)), std::invalid_argument);
  CHECK_THROWS_WITH(observer.observe(Eigen::MatrixXf::Ones(4, 4)), says("4 x 4 has 4 blocks per axis 0"));
  CHECK_THROWS_WITH(observer.observe(Eigen::MatrixXf::Ones(4, 4)), says("had 3"));
  const std::vector<float> line = {1, 2, 3};
  CHECK_THROWS_AS(observer.observe(view<const float>{line.data(), {3}, {1}}), std::invalid_argument);
  Eigen::MatrixXf bad = Eigen::MatrixXf::Constant(3, 4, 9);
  bad(2, 1) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(observer.observe(bad), says("row 2, column 1"));
  CHECK(observer.save() == before);
  CHECK_THROWS_AS(granular(min_max{}, per_axis{2}).observe(bad), std::invalid_argument);
  CHECK_THROWS_AS(granular(min_max{}, per_group{0, 0}).observe(bad), std::invalid_argument);
}

TEST_CASE("granular: blocks without a value, and none at all") {
  granular observer(min_max{}, per_axis{0});
  CHECK(!observer.seen());
  CHECK(observer.each().empty());
  CHECK_THROWS_AS(observer.params<int8>(symmetric), std::invalid_argument);
  CHECK_THROWS_WITH(observer.params<int8>(symmetric), says("min_max has not observed any value"));
  const float not_a_number = std::numeric_limits<float>::quiet_NaN();
  Eigen::Matrix3f x = Eigen::Matrix3f::Constant(not_a_number);
  observer.observe(x, non_finite::skip);
  CHECK(!observer.seen());
  CHECK_THROWS_WITH(observer.params<int8>(symmetric), says("has not observed"));
  x(1, 2) = -127;
  observer.observe(x, non_finite::skip);
  CHECK(observer.seen());
  const auto p = observer.params<int8>(symmetric);
  for (index_t row : {0, 1, 2}) CHECK(p[row] == affine{1, 0});  // the middle one by its value, the others by {0}
  CHECK(observer.params<uint8>(asymmetric)[0] == affine{1, 0});
  CHECK(observer.params<uint8>(asymmetric)[1] == affine{127.0f / 255, 255});
}

TEST_CASE("granular: merging equals observing everything") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(20, 6, -1, 1);
  granular whole(min_max{}, per_axis{1}), a(min_max{}, per_axis{1}), b(min_max{}, per_axis{1});
  whole.observe(x);
  a.observe(x.topRows(7));
  b.observe(x.bottomRows(13));
  a.merge(granular(min_max{}, per_axis{1}));
  granular merged(min_max{}, per_axis{1});
  for (const auto* part : {&b, &a}) merged.merge(*part);
  CHECK(merged.save() == whole.save());
  CHECK(merged.params<int8>(asymmetric) == whole.params<int8>(asymmetric));

  const std::string before = merged.save();
  granular other(min_max{}, per_axis{1});
  other.observe(x.leftCols(5));
  CHECK_THROWS_WITH(merged.merge(other), says("6 and 5 blocks"));
  granular rows(min_max{}, per_axis{1});
  rows.observe(view<const float>{x.data(), {1, 6, 1}, {1, 1, 1}});
  CHECK_THROWS_AS(merged.merge(rows), std::invalid_argument);
  CHECK(merged.save() == before);
}

TEST_CASE("granular: a single block is a single map") {
  granular observer(min_max{}, per_axis{1});
  observer.observe(Eigen::Vector3f(-1, 0, 127));
  const auto p = observer.params<int8>(symmetric);
  CHECK(p.single());
  CHECK(p[0] == affine{1, 0});
}

TEST_CASE("granular: a saved state is the observer") {
  const auto x = matrices::uniform<Eigen::MatrixXf>(9, 5, -1, 1);
  granular saved(moving_average{0.5}, per_group{1, 2}), loaded(moving_average{0.125}, per_group{1, 2});
  loaded.load(saved.save());
  CHECK(!loaded.seen());
  saved.observe(x);
  loaded.load(saved.save());
  same(loaded.each(), saved.each());
  for (auto* each : {&saved, &loaded}) each->observe(3 * x);
  same(loaded.each(), saved.each());
  CHECK(loaded.params<int8>(asymmetric) == saved.params<int8>(asymmetric));
}

TEST_CASE("granular: bytes that are not a state are refused") {
  granular saved(min_max{}, per_axis{0}), loading(min_max{}, per_axis{0});
  saved.observe(matrices::uniform<Eigen::MatrixXf>(3, 4, -1, 1));
  loading.observe(Eigen::MatrixXf::Ones(2, 2));
  saved_state::refuses_damage(saved, loading, [](const auto& o) { return o.each().size() == 3 && o.seen(); });
  min_max alone;
  CHECK(saved_state::refused(loading, alone.save()));
  const auto state = [](std::int64_t rank, std::int64_t length, std::uint64_t blocks) {
    archive_writer out("granular", 1);
    out.integer(rank);
    out.integer(length);
    out.word(blocks);
    return std::move(out).take();
  };
  CHECK(saved_state::refused(loading, state(-1, 0, 0)));
  CHECK(saved_state::refused(loading, state(17, 0, 0)));
  CHECK(saved_state::refused(loading, state(1, -1, 0)));
  CHECK(saved_state::refused(loading, state(1, 1, ~std::uint64_t{0})));
  CHECK(!saved_state::refused(loading, state(1, 1, 0)));
}
