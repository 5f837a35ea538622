// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/executor.hpp>

#include <memory>

namespace equant::inline EQUANT_ABI {

/// Any executor, seen from code that is compiled once. It owns nothing and allocates nothing.
class executor_ref {
 public:
  template <executor Executor>
    requires(!std::same_as<std::remove_cvref_t<Executor>, executor_ref>)
  executor_ref(Executor& run)
      : executor_(const_cast<void*>(static_cast<const void*>(std::addressof(run)))),
        threads_(run.threads()),
        call_([](void* executor, index_t tasks, const void* f, task_function task) {
          (*static_cast<Executor*>(executor))(tasks, [f, task](index_t i) { task(f, i); });
        }) {}

  int threads() const { return threads_; }
  template <class F>
  void operator()(index_t tasks, F&& f) const {
    using function = std::remove_reference_t<F>;
    call_(executor_, tasks, std::addressof(f), [](const void* g, index_t i) {
      (*static_cast<function*>(const_cast<void*>(g)))(i);
    });
  }

 private:
  using task_function = void (*)(const void*, index_t);

  void* executor_;
  int threads_;
  void (*call_)(void*, index_t, const void*, task_function);
};

}  // namespace equant::inline EQUANT_ABI
