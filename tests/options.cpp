// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/calibration/moving_average.hpp>
#include <equant/formats/formats.hpp>
#include <equant/options.hpp>

namespace {

using namespace equant;
namespace o = equant::options;

template <class Format, class Convention, class Granularity>
using scheme_of = decltype(o::default_scheme<Format, Convention, Granularity>());

}  // namespace

// What is refused is tested in must_not_compile/.

TEST_CASE("options: kinds are told apart by type") {
  STATIC_REQUIRE(o::is_calibrator<min_max>::value);
  STATIC_REQUIRE(o::is_calibrator<moving_average>::value);
  STATIC_REQUIRE(o::is_granularity<per_group>::value);
  STATIC_REQUIRE(o::is_granularity<per_tensor_t>::value);
  STATIC_REQUIRE(o::is_granularity<blocking>::value);
  STATIC_REQUIRE(o::is_scheme<std::remove_const_t<decltype(symmetric)>>::value);
  STATIC_REQUIRE(o::is_scheme<std::remove_const_t<decltype(mid_rise)>>::value);
  STATIC_REQUIRE(o::is_convention<convention::torch>::value);
  STATIC_REQUIRE(o::is_policy<non_finite>::value);
  STATIC_REQUIRE(o::count<o::is_granularity> == 0);
  STATIC_REQUIRE(o::count<o::is_granularity, per_axis, min_max, per_tensor_t> == 2);
  // Each is of one kind alone.
  STATIC_REQUIRE(!o::is_granularity<min_max>::value);
  STATIC_REQUIRE(!o::is_calibrator<per_axis>::value);
  STATIC_REQUIRE(!o::is_convention<non_finite>::value);
  STATIC_REQUIRE(!o::is_policy<convention::numpy>::value);
  STATIC_REQUIRE(!o::is_scheme<int>::value);
}

TEST_CASE("options: the one given is picked wherever it stands, else the default") {
  CHECK(o::pick<o::is_granularity>(per_axis{7}, min_max{}, per_axis{2}, symmetric) == per_axis{2});
  CHECK(o::pick<o::is_granularity>(per_axis{7}, per_group{1, 8}) == per_group{1, 8});
  CHECK(o::pick<o::is_granularity>(per_axis{7}, min_max{}, symmetric) == per_axis{7});
  CHECK(o::pick<o::is_policy>(non_finite::reject, symmetric, non_finite::skip) == non_finite::skip);
  CHECK(o::pick<o::is_policy>(non_finite::reject) == non_finite::reject);
}

TEST_CASE("options: the scheme a format has by itself") {
  using asymmetric_type = std::remove_const_t<decltype(asymmetric)>;
  using symmetric_type = std::remove_const_t<decltype(symmetric)>;
  STATIC_REQUIRE(std::same_as<scheme_of<int8, convention::standard, per_tensor_t>, asymmetric_type>);
  STATIC_REQUIRE(std::same_as<scheme_of<uint3, convention::torch, per_axis>, asymmetric_type>);
  STATIC_REQUIRE(std::same_as<scheme_of<int1, convention::standard, per_tensor_t>, symmetric_type>);
  STATIC_REQUIRE(std::same_as<scheme_of<int8, convention::tflite, per_tensor_t>, asymmetric_type>);
  STATIC_REQUIRE(std::same_as<scheme_of<int8, convention::tflite, per_axis>, symmetric_type>);
}
