// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/executor.hpp>

#if __has_include(<Eigen/ThreadPool>)
#include <Eigen/ThreadPool>
#else
#include <unsupported/Eigen/CXX11/ThreadPool>
#endif

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

namespace equant::inline EQUANT_ABI {

/// Work on the threads of an Eigen::ThreadPool, which must outlive this.
///
///   Eigen::ThreadPool pool(4);
///   quantizer.quantize_into(x, q, pool_executor(pool));
///
/// The calling thread takes part and waits only for tasks that have begun: calling from within the pool, or from
/// several threads at once, cannot lock up. Every task runs, whether or not others throw, so that the exception the
/// caller gets, the first task's that throws, does not depend on chance.
class pool_executor {
 public:
  explicit pool_executor(Eigen::ThreadPoolInterface& pool) : pool_(&pool) {}

  int threads() const { return pool_->NumThreads(); }

  template <class F>
  void operator()(index_t tasks, F&& f) const {
    if (tasks < 1) return;
    auto work = std::make_shared<job>(tasks);
    // A helper that comes late finds no task left and does not touch f, which is gone by then.
    auto help = [work, &f] { work->run(f); };
    const index_t helpers = std::min(static_cast<index_t>(threads()), tasks) - 1;
    for (index_t i = 0; i < helpers; ++i) pool_->Schedule(help);
    help();
    work->wait();
  }

 private:
  struct job {
    explicit job(index_t count) : tasks(count) {}

    template <class F>
    void run(F& f) {
      for (;;) {
        const index_t task = next.fetch_add(1, std::memory_order_relaxed);
        if (task >= tasks) return;
        call(f, task);
        const std::lock_guard lock(mutex);
        if (++done == tasks) all_done.notify_all();
      }
    }

    template <class F>
    void call(F& f, index_t task) {
#ifdef __cpp_exceptions
      try {
        f(task);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (task < failed) {
          failed = task;
          error = std::current_exception();
        }
      }
#else
      f(task);
#endif
    }

    void wait() {
      std::unique_lock lock(mutex);
      all_done.wait(lock, [&] { return done == tasks; });
#ifdef __cpp_exceptions
      if (error) std::rethrow_exception(std::exchange(error, nullptr));
#endif
    }

    const index_t tasks;
    std::atomic<index_t> next{0};
    std::mutex mutex;
    std::condition_variable all_done;
    index_t done = 0;
    index_t failed = std::numeric_limits<index_t>::max();
    std::exception_ptr error;
  };

  Eigen::ThreadPoolInterface* pool_;
};

}  // namespace equant::inline EQUANT_ABI
