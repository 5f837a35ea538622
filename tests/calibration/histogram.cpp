// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "calibration/saved_state.hpp"
#include "matrices.hpp"

#include <equant/calibration/mse.hpp>
#include <equant/core/contiguous.hpp>

namespace {

using namespace equant;

std::string bytes(const histogram& h) {
  archive_writer out("h", 1);
  h.write(out);
  return std::move(out).take();
}

/// Values over many octaves, some of them equal.
std::vector<float> values(index_t n, std::uint64_t seed) {
  builders::random_numbers random(seed);
  std::vector<float> x;
  for (index_t i = 0; i < n; ++i) {
    const double v = random.uniform(-1, 1);
    x.push_back(i % 7 == 0 ? 0.25f : static_cast<float>(v * v * v * v * v));
  }
  return x;
}

}  // namespace

TEST_CASE("histogram: any split and any order of merging give the same state") {
  for (index_t n : {1, 511, 512, 513, 5000}) {
    const std::vector<float> x = values(n, std::uint64_t(n));
    histogram whole;
    whole.add(x.data(), n);
    CHECK(whole.count() == std::uint64_t(n));
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      builders::random_numbers random(seed);
      std::vector<float> shuffled = x;
      for (std::size_t i = shuffled.size(); i > 1; --i) {
        std::swap(shuffled[i - 1], shuffled[std::size_t(random.below(int(i)))]);
      }
      std::vector<histogram> parts(4);
      for (index_t done = 0; done < n;) {
        const index_t m = std::min(n - done, index_t{random.below(2 + int(n) / 3)});
        parts[std::size_t(random.below(4))].add(shuffled.data() + done, m);
        done += m;
      }
      histogram merged = parts[seed % 4];
      for (std::size_t i = 1; i < 4; ++i) merged.merge(parts[(seed + i) % 4]);
      CHECK(bytes(merged) == bytes(whole));
      CHECK(merged.masses() == whole.masses());
    }
    histogram twice = whole;
    twice.merge(twice);
    CHECK(twice.count() == 2 * whole.count());
  }
}

TEST_CASE("histogram: few values are exact, many stand in bins of a part in 128 that do not overlap") {
  histogram h;
  const float few[] = {2, -1, 2, 0, -0.0f, 1e-42f};
  h.add(few, 6);
  const double tiny = double(1e-42f);
  CHECK(h.masses() == std::vector<mass>{{-1, -1, 1}, {0, 0, 2}, {tiny, tiny, 1}, {2, 2, 2}});
  CHECK(h.magnitudes() == std::vector<mass>{{0, 0, 2}, {tiny, tiny, 1}, {1, 1, 1}, {2, 2, 2}});

  const std::vector<float> x = values(20000, 3);
  h = histogram{};
  h.add(x.data(), 20000);
  for (const auto& masses : {h.masses(), h.magnitudes()}) {
    double total = 0;
    for (std::size_t i = 0; i < masses.size(); ++i) {
      CHECK(masses[i].high - masses[i].low <= std::abs(masses[i].low + masses[i].high) / 256);
      if (i > 0) CHECK(masses[i - 1].high < masses[i].low);
      total += masses[i].weight;
    }
    CHECK(total == 20000);
  }
  std::vector<float> sorted = x;
  std::sort(sorted.begin(), sorted.end());
  const distribution d(h.masses());
  CHECK(d.range() == interval{double(sorted.front()), double(sorted.back())});
  for (double t : {-0.5, -1e-3, 0.0, 1e-4, 0.3, 0.7}) {
    double first = 0, second = 0;
    index_t count = 0;
    for (float v : sorted) {
      if (v > t) break;
      ++count;
      first += v;
      second += double(v) * v;
    }
    const moments m = d.below(t);
    CHECK(m.weight == Approx(count).margin(60));  // the part of one bin
    CHECK(m.first == Approx(first).margin(20));
    CHECK(m.second == Approx(second).margin(20));
  }
  for (index_t rank : {0, 1, 77, 10000, 19990, 19999}) {
    CHECK(d.at_rank(double(rank)) == Approx(sorted[std::size_t(rank)]).epsilon(0.008));
  }
}

TEST_CASE("histogram: doubles are taken as floats, whatever their size") {
  const double x[] = {1e300, -1e300, 1e-300, 1 + 1e-12};
  histogram h;
  h.add(x, 4);
  const double most = double(std::numeric_limits<float>::max());
  CHECK(h.masses() == std::vector<mass>{{-most, -most, 1}, {0, 0, 1}, {1, 1, 1}, {most, most, 1}});
}

TEST_CASE("histogram: a saved state is the observer, and bytes that are not one are refused") {
  const auto valid = [](const mse& o) {
    const interval r = o.range<int8>(symmetric);
    return o.seen() && r.low <= r.high && std::isfinite(r.low) && std::isfinite(r.high);
  };
  for (index_t n : {6, 600}) {
    mse observer, loaded;
    loaded.load(observer.save());
    CHECK(!loaded.seen());
    std::vector<float> x;
    for (index_t i = 0; i < n; ++i) x.push_back(float(i % 5) * 1.001f - 1);
    observer.observe(x);
    loaded.load(observer.save());
    CHECK(loaded.save() == observer.save());
    CHECK(loaded.range<int4>(asymmetric) == observer.range<int4>(asymmetric));
    saved_state::refuses_damage(observer, loaded, valid);
  }
}
