// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

namespace equant::inline EQUANT_ABI {

/// Who does the work. An executor is called with a number of tasks and a function of the task's number, and returns
/// when all are done; it may run them in any order and at once. `threads()` is how many at once. Results never depend
/// on it.
struct serial {
  static constexpr int threads() { return 1; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    for (index_t i = 0; i < tasks; ++i) f(i);
  }
};

}  // namespace equant::inline EQUANT_ABI
