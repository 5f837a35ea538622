// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/thread_pool.hpp>

#include "catch.hpp"

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace equant;

namespace {

template <class Executor>
void runs_every_task_once(const Executor& run) {
  for (index_t tasks : {0, 1, 2, 5, 100, 1000}) {
    std::vector<std::atomic<int>> times(static_cast<std::size_t>(tasks));
    run(tasks, [&](index_t i) { ++times[static_cast<std::size_t>(i)]; });
    CHECK(std::all_of(times.begin(), times.end(), [](const auto& t) { return t == 1; }));
  }
}

template <class Executor>
std::string what_is_thrown(const Executor& run) {
  try {
    run(index_t{50}, [](index_t i) {
      if (i % 10 == 7) throw std::invalid_argument("task " + std::to_string(i));
    });
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("executor: every task runs once") {
  runs_every_task_once(serial{});
  for (int threads : {1, 2, 3, 7}) {
    Eigen::ThreadPool pool(threads);
    const pool_executor run(pool);
    CHECK(run.threads() == threads);
    runs_every_task_once(run);
  }
  CHECK(serial::threads() == 1);
}

TEST_CASE("executor: the first task's exception comes back, whatever the threads") {
  CHECK(what_is_thrown(serial{}) == "task 7");
  for (int threads : {1, 2, 3, 7}) {
    Eigen::ThreadPool pool(threads);
    const pool_executor run(pool);
    for (int again = 0; again < 50; ++again) CHECK(what_is_thrown(run) == "task 7");
    runs_every_task_once(run);  // and it still works
  }
}

TEST_CASE("executor: calls from within the pool, and from many threads, come to an end") {
  Eigen::ThreadPool pool(2);
  const pool_executor run(pool);
  std::atomic<int> calls = 0;
  run(8, [&](index_t) { run(8, [&](index_t) { ++calls; }); });
  CHECK(calls == 64);
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back([&] { run(100, [&](index_t) { ++calls; }); });
  for (std::thread& t : callers) t.join();
  CHECK(calls == 464);
}

TEST_CASE("executor: small work stays whole, large is cut for the threads") {
  struct many {
    int threads() const { return 8; }
    void operator()(index_t, const std::function<void(index_t)>&) const {}
  } eight;
  serial one;
  CHECK(parts_for(one, index_t{1} << 30) == 1);
  CHECK(parts_for(eight, 100) == 1);
  CHECK(parts_for(eight, 2 * smallest_part) == 2);
  CHECK(parts_for(eight, index_t{1} << 30) == 32);
}
