// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "clock.hpp"

/// Benchmarks in pairs: ours, a peer and a loop at the machine's limit take turns sample by sample in the same run, so
/// that a machine whose speed drifts slows all three. What is reported is medians and their ratios.
namespace bench {

struct contest {
  std::string name;                ///< group/row
  double elements = 0;             ///< per call: values, operations or bytes, as the unit says
  std::function<bool()> verify;    ///< both give the right answer; called before anything is timed
  std::function<void()> ours;
  std::function<void()> peer;
  std::function<void()> limit;     ///< a loop that does the same amount of work at the machine's limit
  std::string peer_name = "Eigen";
  std::string unit = "Gelem/s";
  bool threads = false;            ///< more than one thread works: the clock on the wall, not this thread's own
};

/// Seconds per call.
inline double seconds(const std::function<void()>& f, int calls, bool wall = false) {
  const double start = now(wall);
  for (int i = 0; i < calls; ++i) f();
  return (now(wall) - start) / calls;
}

inline double median(std::vector<double> v) {
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

/// Appends a line to the report that EQUANT_BENCH_REPORT names, if any:
/// group,row,peer,equant,peer_value,unit,ratio,limit_fraction.
inline void report(const contest& c, double ours, double peer, double of_limit) {
  const char* path = std::getenv("EQUANT_BENCH_REPORT");
  if (path == nullptr) return;
  std::FILE* file = std::fopen(path, "a");
  if (file == nullptr) return;
  const std::size_t slash = c.name.find('/');
  std::fprintf(file, "%s,%s,%s,%.4g,%.4g,%s,%.3f,%.3f\n", c.name.substr(0, slash).c_str(),
               c.name.substr(slash + 1).c_str(), c.peer_name.c_str(), ours, peer, c.unit.c_str(),
               peer > 0 ? ours / peer : 0, of_limit);
  std::fclose(file);
}

/// Registers a contest; Google Benchmark shows ours, with the peer's figures and the ratios as counters.
inline void add(const contest& c) {
  benchmark::RegisterBenchmark((c.name + "/" + c.peer_name).c_str(), [c](benchmark::State& state) {
    if (!c.verify()) {
      report(c, 0, 0, 0);
      state.SkipWithError("the answers differ");
      return;
    }
    const double once = std::max(seconds(c.ours, 1, c.threads), 1e-9);
    const int calls = std::clamp(static_cast<int>(3e-4 / once), 1, 100000);  // samples of a fraction of a millisecond
    std::vector<double> ours, peer, limit;
    for (auto _ : state) {
      ours.push_back(seconds(c.ours, calls, c.threads));
      if (c.peer) peer.push_back(seconds(c.peer, calls, c.threads));
      if (c.limit) limit.push_back(seconds(c.limit, calls, c.threads));
      state.SetIterationTime(ours.back() * calls);
    }
    const double a = median(ours), b = c.peer ? median(peer) : 0, m = c.limit ? median(limit) : 0;
    state.counters[c.unit] = c.elements / a * 1e-9;
    if (c.peer) state.counters["peer"] = c.elements / b * 1e-9;
    if (c.peer) state.counters["x_peer"] = b / a;
    if (c.limit) state.counters["limit"] = c.elements / m * 1e-9;
    if (c.limit) state.counters["of_limit"] = m / a;
    report(c, c.elements / a * 1e-9, c.peer ? c.elements / b * 1e-9 : 0, m / a);
  })->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(25);  // once: a row of the report each
}

}  // namespace bench
