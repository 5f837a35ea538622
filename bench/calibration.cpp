// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "limits.hpp"
#include "pair.hpp"

#include <equant/calibration/automatic.hpp>

#include <memory>

/// Calibration on the histogram, all of it: the range, the check for NaN and the counting. The peer is the usual
/// histogram of 2048 even bins by Eigen, which needs the range beforehand; the limit reads the memory once.
namespace {

using namespace equant;

struct arena {
  Eigen::ArrayXf x;
  std::vector<std::int64_t> even = std::vector<std::int64_t>(2048);
  automatic observer;

  arena(index_t n, bool gaussian) : x(n) {
    builders::random_numbers random(1);
    for (float& v : x) {
      double sum = 0;
      for (int i = 0; i < (gaussian ? 8 : 1); ++i) sum += random.uniform(-1, 1);
      v = static_cast<float>(gaussian ? sum : std::nearbyint(4 * sum));
    }
  }

  void ours() {
    observer = automatic{};
    observer.observe(x);
  }
  void peer() {
    const float low = x.minCoeff(), high = x.maxCoeff(), scale = 2047.99f / (high - low);
    std::fill(even.begin(), even.end(), 0);
    for (float v : x) ++even[static_cast<std::size_t>((v - low) * scale)];
  }
  bool verify() {
    ours();
    peer();
    const distribution d(observer.values().masses());
    std::int64_t count = 0;
    for (std::int64_t n : even) count += n;
    const interval range{double(x.minCoeff()), double(x.maxCoeff())};
    const double power = x.cast<double>().square().sum();
    return count == x.size() && d.all().weight == double(x.size()) && d.range() == range &&
           std::abs(d.all().second - power) < 1e-4 * power;
  }
};

void add(const std::string& name, index_t n, bool gaussian) {
  auto made = std::make_shared<std::unique_ptr<arena>>();
  auto get = [made, n, gaussian]() -> arena& {
    if (!*made) *made = std::make_unique<arena>(n, gaussian);
    return **made;
  };
  bench::add({"histogram/" + name, 4 * double(n), [get] { return get().verify(); }, [get] { get().ours(); },
              [get] { get().peer(); },
              [get, n] { bench::read(get().x.data(), sizeof(float) * static_cast<std::size_t>(n)); }, "even bins",
              "GB/s"});
}

}  // namespace

int main(int argc, char** argv) {
  add("64Ki/gaussian", 1 << 16, true);
  add("16Mi/gaussian", 1 << 24, true);
  add("16Mi/few_values", 1 << 24, false);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
