// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/affine.hpp>

#include "core/says.hpp"

using namespace equant;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

const blocking per_row{{1, blocking::whole}};

static_assert(parameters<affine>().single());
static_assert(parameters<affine>(affine{0.5f, 3})[0] == affine{0.5f, 3});
static_assert(parameters<affine>(affine{0.5f, 3}).size_bytes() == 8);
static_assert(parameters<real_affine<double>>(real_affine<double>{0.5, 0.25})[0].zero_point ==
              0.25);

}  // namespace

TEST_CASE("parameters: one map serves every block of every tensor") {
  const parameters<affine> p(affine{0.25f, -7});
  CHECK(p.single());
  CHECK(p.count() == 1);
  CHECK(p[0] == affine{0.25f, -7});
  REQUIRE(p.scales().size() == 1);
  CHECK(p.scales()[0] == 0.25f);
  REQUIRE(p.zero_points().size() == 1);
  CHECK(p.zero_points()[0] == -7);
  CHECK(p.blocks({3, 4, 5}) == normal_form(per_tensor, {3, 4, 5}));
  CHECK(p.blocks({}) == normal_form(per_tensor, {}));
}

TEST_CASE("parameters: arrays hold one map per block") {
  const parameters<affine> p(per_row, {0.5f, 1.0f, 2.0f}, {1, 2, 3});
  CHECK_FALSE(p.single());
  CHECK(p.count() == 3);
  CHECK(p[0] == affine{0.5f, 1});
  CHECK(p[2] == affine{2.0f, 3});
  CHECK(p.size_bytes() == 3 * 4 + 3 * 4);
}

TEST_CASE("parameters: a zero point all blocks share is stored once") {
  const parameters<affine> shared(per_row, {0.5f, 1.0f, 2.0f}, {128});
  CHECK(shared.zero_points().size() == 1);
  CHECK(shared[0] == affine{0.5f, 128});
  CHECK(shared[2] == affine{2.0f, 128});
  CHECK(shared.size_bytes() == 3 * 4 + 4);

  const parameters<affine> none(per_row, {0.5f, 1.0f, 2.0f});
  CHECK(none[1] == affine{1.0f, 0});
}

TEST_CASE("parameters: they fit the tensors that have as many blocks") {
  const parameters<affine> p(per_row, {0.5f, 1.0f, 2.0f});
  CHECK(p.blocks({3, 4}) == per_row);
  CHECK(p.blocks({3, 400}) == per_row);
  CHECK_THROWS_WITH(p.blocks({4, 4}),
                    says("4 x 4") && says("4 blocks") && says("parameters for 3"));
  CHECK_THROWS_AS(p.blocks({3, 4, 1}), std::invalid_argument);

  const parameters<affine> groups(blocking{{1, 32}}, std::vector<float>(6, 1.0f));
  CHECK(groups.blocks({2, 96}) == blocking{{1, 32}});
  CHECK(groups.blocks({2, 65}) == blocking{{1, 32}});
  CHECK_THROWS_AS(groups.blocks({2, 64}), std::invalid_argument);
}

TEST_CASE("parameters: what a run sees steps through both arrays, or stays on what is shared") {
  const parameters<affine> own(per_row, {0.5f, 1.0f, 2.0f}, {1, 2, 3});
  const auto one = own.at(1, 0);
  CHECK(*one.scale == 1.0f);
  CHECK(*one.zero_point == 2);
  CHECK(*one.from(5).scale == 1.0f);
  CHECK(*one.from(5).zero_point == 2);

  const auto each = own.at(0, 1).from(2);
  CHECK(*each.scale == 2.0f);
  CHECK(*each.zero_point == 3);
  CHECK(each.scale_step == 1);
  CHECK(each.zero_point_step == 1);

  const parameters<affine> shared(per_row, {0.5f, 1.0f, 2.0f}, {128});
  const auto stepped = shared.at(1, 1).from(1);
  CHECK(*stepped.scale == 2.0f);
  CHECK(*stepped.zero_point == 128);
  CHECK(stepped.zero_point_step == 0);

  const parameters<affine> single(affine{0.25f, -7});
  CHECK(*single.at(0, 0).scale == 0.25f);
  CHECK(*single.at(0, 0).zero_point == -7);
}

TEST_CASE("parameters: equal when they mean the same, however they are stored") {
  const parameters<affine> shared(per_row, {0.5f, 1.0f}, {3});
  CHECK(shared == parameters<affine>(per_row, {0.5f, 1.0f}, {3, 3}));
  CHECK(shared != parameters<affine>(per_row, {0.5f, 1.0f}, {3, 4}));
  CHECK(shared != parameters<affine>(per_row, {0.5f, 2.0f}, {3}));
  CHECK(shared != parameters<affine>(per_row, {0.5f, 1.0f, 1.0f}, {3}));
  CHECK(shared != parameters<affine>(blocking{{blocking::whole, 1}}, {0.5f, 1.0f}, {3}));
  CHECK(parameters<affine>(affine{0.5f, 3}) == parameters<affine>(affine{0.5f, 3}));
  CHECK(parameters<affine>(affine{0.5f, 3}) != parameters<affine>(affine{0.5f, 4}));
  CHECK(parameters<affine>(affine{0.5f, 3}) != shared);
  // One block is one block, as a map or as arrays of one.
  CHECK(parameters<affine>(affine{0.5f, 3}) == parameters<affine>(per_row, {0.5f}, {3}));
  CHECK(parameters<affine>(affine{0.5f, 3}) != parameters<affine>(per_row, {0.5f}, {4}));
}

TEST_CASE("parameters: a scale is finite and not negative") {
  CHECK_NOTHROW(parameters<affine>(affine{0.0f, 0}));
  CHECK_NOTHROW(parameters<affine>(affine{1e-45f, 0}));
  CHECK_NOTHROW(parameters<affine>(affine{std::numeric_limits<float>::max(), 0}));
  for (float bad : {-1.0f, -1e-45f, infinity, -infinity, not_a_number}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parameters<affine>(affine{bad, 0}), std::invalid_argument);
    CHECK_THROWS_AS(parameters<affine>(per_row, {1.0f, bad}), std::invalid_argument);
    CHECK_THROWS_AS(parameters<real_affine<float>>(real_affine<float>{bad, 0.0f}),
                    std::invalid_argument);
  }
  CHECK_THROWS_WITH(parameters<affine>(affine{-1.5f, 0}), says("scale -1.5"));
}

TEST_CASE("parameters: an integer zero point leaves every difference to a code exact") {
  constexpr std::int32_t most = 4194304;  // 2^22; floats hold all integers up to 2^24
  CHECK_NOTHROW(parameters<affine>(affine{1.0f, most}));
  CHECK_NOTHROW(parameters<affine>(affine{1.0f, -most}));
  for (std::int32_t bad : {most + 1, -most - 1, std::numeric_limits<std::int32_t>::max(),
                           std::numeric_limits<std::int32_t>::min()}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parameters<affine>(affine{1.0f, bad}), std::invalid_argument);
    CHECK_THROWS_AS(parameters<affine>(per_row, {1.0f, 1.0f}, {0, bad}), std::invalid_argument);
    CHECK_THROWS_AS(parameters<affine>(per_row, {1.0f, 1.0f}, {bad}), std::invalid_argument);
  }
}

TEST_CASE("parameters: a real zero point is finite") {
  CHECK_NOTHROW(parameters<real_affine<float>>(real_affine<float>{1.0f, -1e30f}));
  for (float bad : {infinity, -infinity, not_a_number}) {
    CHECK_THROWS_AS(parameters<real_affine<float>>(real_affine<float>{1.0f, bad}),
                    std::invalid_argument);
  }
}

TEST_CASE("parameters: zero points are as many as scales, or one") {
  CHECK_THROWS_WITH(parameters<affine>(per_row, {1.0f, 1.0f, 1.0f}, {1, 2}),
                    says("2 zero points for 3 scales"));
  CHECK_THROWS_AS(parameters<affine>(per_row, {1.0f, 1.0f, 1.0f}, std::vector<std::int32_t>{}),
                  std::invalid_argument);
}
