// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

/// Benchmarks in pairs: ours, a peer and a memory copy take turns sample by sample in the same run, so that a machine
/// whose speed drifts slows all three. What is reported is medians and their ratio.
namespace bench {

struct contest {
  std::string name;
  double elements = 0;             ///< per call
  std::function<bool()> verify;    ///< both give the right answer; called before anything is timed
  std::function<void()> ours;
  std::function<void()> peer;
  std::function<void()> copy;      ///< memcpy of the larger operand
};

inline double seconds(const std::function<void()>& f, int calls) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) f();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return took.count() / calls;
}

inline double median(std::vector<double> v) {
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

/// Registers a contest; Google Benchmark shows ours, with the peers' figures and the ratios as counters.
inline void add(const contest& c) {
  benchmark::RegisterBenchmark(c.name.c_str(), [c](benchmark::State& state) {
    if (!c.verify()) {
      state.SkipWithError("the answers differ");
      return;
    }
    const int calls = std::max(1, static_cast<int>(2e6 / c.elements));  // samples of a fraction of a millisecond
    std::vector<double> ours, peer, copy;
    for (auto _ : state) {
      ours.push_back(seconds(c.ours, calls));
      peer.push_back(seconds(c.peer, calls));
      copy.push_back(seconds(c.copy, calls));
      state.SetIterationTime(ours.back() * calls);
    }
    const double a = median(ours), b = median(peer), m = median(copy);
    state.counters["Gelem/s"] = c.elements / a * 1e-9;
    state.counters["Eigen_Gelem/s"] = c.elements / b * 1e-9;
    state.counters["memcpy_Gelem/s"] = c.elements / m * 1e-9;
    state.counters["x_Eigen"] = b / a;
    state.counters["x_memcpy"] = m / a;
  })->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(0.2);
}

}  // namespace bench
