// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"
#include "sources.hpp"

#include <equant/quantizers/lattice_code.hpp>

#include <set>

namespace {

using namespace equant;

template <std::size_t Dim>
using point = std::array<std::int8_t, Dim>;

template <std::size_t Dim>
long square(const point<Dim>& p) {
  long s = 0;
  for (const int v : p) s += v * v;
  return s;
}

/// Nearest of all points, by trying them.
template <std::size_t Dim>
long smallest_distance(const std::vector<point<Dim>>& points, const std::array<std::int32_t, Dim>& x, long unit) {
  long least = 1L << 60;
  for (const point<Dim>& p : points) {
    long d = 0;
    for (std::size_t i = 0; i < Dim; ++i) d += (x[i] - unit * p[i]) * (x[i] - unit * p[i]);
    least = std::min(least, d);
  }
  return least;
}

template <std::size_t Dim>
void finds_the_nearest(const lattice::book<Dim>& book, int trials) {
  const auto& points = book.points();
  sources::source source{std::mt19937_64{3}};
  for (int trial = 0; trial < trials; ++trial) {
    const double spread = trial % 4 == 0 ? 5 : 2;  // some far outside
    std::array<std::int32_t, Dim> x;
    for (auto& v : x) v = static_cast<std::int32_t>(spread * 8 * source.gauss());
    if (trial % 8 == 1) x[1] = x[0];
    const std::uint32_t code = book.nearest(x.data(), 8);
    REQUIRE(code < points.size());
    CHECK(smallest_distance<Dim>({points[code]}, x, 8) == smallest_distance<Dim>(points, x, 8));
  }
}

double mse(const auto& code, std::size_t n) {
  const std::vector<float> x = sources::sample<float>(n, sources::gauss);
  std::vector<float> y(n);
  std::vector<std::uint8_t> stream(code.bytes(index_t(n)));
  code.encode(x.data(), index_t(n), stream.data());
  code.decode(stream.data(), index_t(n), y.data());
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
  return sum / static_cast<double>(n);
}

}  // namespace

TEST_CASE("quantizers: the points of D4 in the ball, each once", "[quantizers]") {
  const auto points = lattice::d4_book().points();
  CHECK(points.size() == 256);
  CHECK(std::set<point<4>>(points.begin(), points.end()).size() == 256);
  for (const point<4>& p : points) {
    CHECK(square<4>(p) <= 4 * 9);
    CHECK((p[0] % 2 == 0 && p[1] % 2 == 0 && p[2] % 2 == 0 && p[3] % 2 == 0));
    CHECK(std::abs(p[0] + p[1] + p[2] + p[3]) % 4 == 2);
  }
}

TEST_CASE("quantizers: the points of E8 in the ball, each once, by the theta series", "[quantizers]") {
  const auto points = lattice::e8_book().points();
  CHECK(points.size() == 65536);
  CHECK(std::set<point<8>>(points.begin(), points.end()).size() == 65536);
  std::array<int, 13> shell{};
  bool in_lattice = true;
  for (const point<8>& p : points) {
    int sum = 0, odd = 0;
    for (const int v : p) {
      sum += v;
      odd += v % 2 != 0;
    }
    in_lattice = in_lattice && (odd == 0 || odd == 8) && sum % 4 == 0 && square<8>(p) <= 4 * 12;
    ++shell[static_cast<std::size_t>(square<8>(p) / 4)];
  }
  CHECK(in_lattice);
  CHECK(shell == std::array<int, 13>{1, 0, 240, 0, 2160, 0, 6720, 0, 17520, 0, 30240, 0, 8655});
}

TEST_CASE("quantizers: the point found is the nearest of all", "[quantizers]") {
  finds_the_nearest<4>(lattice::d4_book(), 4000);
  finds_the_nearest<8>(lattice::e8_book(), 60);
}

TEST_CASE("quantizers: lattices come nearer to a Gaussian than scalar quantizers of 2 bits", "[quantizers]") {
  CHECK(mse(lattice_code<4>(), 20000) < 0.1045);  // Lloyd-Max 0.1175
  CHECK(mse(lattice_code<8>(), 20000) < 0.092);
}

TEST_CASE("quantizers: lattice codes of ragged ends", "[quantizers]") {
  const lattice_code<8> code;
  CHECK(code.bytes(0) == 0);
  CHECK(code.bytes(1) == 2);
  CHECK(code.bytes(9) == 4);
  const float x[] = {0.9f, -0.9f, 3e38f};
  std::uint8_t stream[2];
  float y[3] = {};
  code.encode(x, 3, stream);
  code.decode(stream, 3, y);
  CHECK(y[2] > 2);
}
