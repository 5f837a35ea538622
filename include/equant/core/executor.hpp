// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/traversal.hpp>

#include <concepts>

namespace equant::inline EQUANT_ABI {

/// Who does the work. An executor is called with a number of tasks and a function of the task's number, and returns
/// when all are done; it may run them in any order and at once. `threads()` is how many at once. Results never depend
/// on it. Where tasks throw, the caller gets the exception of the first of them.
struct serial {
  static constexpr int threads() { return 1; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    for (index_t i = 0; i < tasks; ++i) f(i);
  }
};

template <class E>
concept executor = requires(E&& e) {
  { e.threads() } -> std::convertible_to<int>;
  e(index_t{1}, [](index_t) {});
};

/// Below this many elements a part of an elementwise operation is not worth a thread.
inline constexpr index_t smallest_part = index_t{1} << 15;

/// Into how many parts `count` elements are cut for an executor: a few for each thread, so that none waits long for the
/// last.
template <executor Executor>
index_t parts_for(Executor& run, index_t count) {
  const index_t threads = static_cast<index_t>(run.threads());
  return threads < 2 ? 1 : std::clamp(count / smallest_part, index_t{1}, 4 * threads);
}

/// Calls f(const run_grid&) on all runs of the walk, spread over an executor.
template <executor Executor, class F>
void for_each_grid(const traversal& walk, index_t count, Executor&& executor, F&& f) {
  const index_t parts = parts_for(executor, count);
  executor(parts, [&](index_t part) { walk.for_each_grid_of(part, parts, f); });
}

/// Calls f(const run&) on every run of the walk, spread over an executor.
template <executor Executor, class F>
void for_each_run(const traversal& walk, index_t count, Executor&& executor, F&& f) {
  for_each_grid(walk, count, executor, [&](const run_grid& grid) { grid.for_each_run(f); });
}

}  // namespace equant::inline EQUANT_ABI
