// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// All a program may have in scope at once: no name of equant clashes with one of C, std or Eigen.
#include <cmath>
#include <cstdlib>
#include <strings.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <Eigen/Dense>

#include <equant/dequantize.hpp>
#include <equant/equant.hpp>
#include <equant/quantize.hpp>

#include "catch.hpp"

using namespace std;
using namespace Eigen;
using namespace equant;

TEST_CASE("names: std, Eigen and equant in one scope") {
  MatrixXf w(3, 4);
  w << -1, 2, -3, 4, 5, -6, 7, -8, 9, -10, 11, -12;

  SECTION("the library's verbs") {
    const auto q = quantize<int8>(w);
    const MatrixXf back = dequantize(q);
    CHECK((back - w).cwiseAbs().maxCoeff() <= 0.5f * q.scales()[0] + 1e-6f);
    CHECK(quantize<uint4>(w, symmetric, per_axis{0}).count() == 12);
    CHECK(quantize<int16>(w, per_group{1, 2}).scales().size() == 6);
    const auto [low, high] = minmax_element(w.data(), w.data() + w.size());
    CHECK(quantize<uint8>(w, min_max{}, per_tensor, asymmetric).scales()[0] ==
          Approx((*high - *low) / 255.0f));
    CHECK(compare(w, back).count == 12);
  }
  SECTION("functions of <cmath>") {
    CHECK(log2(8.0) == 3);
    CHECK(round(2.5) == 3);
    CHECK(abs(-1.5) == 1.5);
    CHECK(trunc(-2.5) == -2);
    CHECK(nearbyint(2.5) == 2);
    CHECK(fma(2.0, 3.0, 4.0) == 10);
    CHECK(isfinite(1.0f));
    CHECK(isnan(nan("")));
  }
  SECTION("<algorithm>, <string> and the containers") {
    vector<float> v{3, 1, 2};
    array<float, 3> a{1, 2, 3};
    sort(v.begin(), v.end());
    CHECK(equal(v.begin(), v.end(), a.begin()));
    CHECK(min(1, 2) == 1);
    CHECK(max(1, 2) == 2);
    CHECK(clamp(5, 0, 3) == 3);
    CHECK(count(v.begin(), v.end(), 2.0f) == 1);
    CHECK(accumulate(begin(v), end(v), 0.0f) == 6);
    CHECK(size(v) == span<const float>(v).size());
    CHECK(*data(a) == 1);
    string text = "rank " + to_string(2);
    text += " of " + to_string(shape{3, 4});
    CHECK(text == "rank 2 of 3 x 4");
    swap(v, v);
    CHECK(numeric_limits<float>::digits == 24);
    CHECK(rank<float[2][3]>::value == 2);
    CHECK(extent<float[2][3]>::value == 2);
    CHECK(quantize<int8>(v).count() == 3);
    CHECK(quantize<int8>(a).count() == 3);
  }
  SECTION("Eigen's selections and functions") {
    CHECK(w(seq(0, 1), all).rows() == 2);
    CHECK(w(last, last) == -12);
    CHECK(w(lastN(2), all).rows() == 2);
    CHECK(round(w.array() / 2).cols() == 4);
    CHECK(log2(w.array().abs() + 1).rows() == 3);
    CHECK(abs(w.array()).maxCoeff() == 12);
    CHECK(Matrix3f::Identity().trace() == 3);
    const half h(1.5f);
    const bfloat16 b(1.5f);
    CHECK(static_cast<float>(h) == static_cast<float>(b));
    CHECK(Affine != AffineCompact);
    CHECK(quantize<int4>(w(seq(0, 1), all)).count() == 8);
  }
}
