// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Integer matrix products beside oneDNN's matmul (weights reordered once), and at 1024^3 beside OpenBLAS and Eigen in
// float and gemmlowp: one thread, weights packed once, results verified before they are timed.

#include "multiply_limit.hpp"
#include "pair.hpp"
#include "peers.hpp"

#include <equant/core/thread_pool.hpp>
#include <equant/gemm/gemm.hpp>
#include <equant/storage/buffer.hpp>

#include <sys/prctl.h>

#include <cstdlib>
#include <memory>

namespace {

using namespace equant;

template <class T>
std::vector<T> codes(index_t n, std::uint32_t seed) {
  std::vector<T> v(static_cast<std::size_t>(n));
  for (T& x : v) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<T>(seed >> 24);
  }
  return v;
}

/// One product of A (M x K) and s8 weights (K x N), `count` of the latter in turn.
template <class A, class C>
struct arena {
  index_t rows, columns, depth;
  std::vector<A> a;
  std::vector<std::int8_t> b;
  Eigen::Array<C, Eigen::Dynamic, 1> ours, theirs;  // on a line of the cache, as Eigen's own results
  std::vector<float> scales;
  std::vector<gemm::packed_matrix<>> packed;
  peers::onednn_product<A, C> peer;
  std::size_t turn = 0, peer_turn = 0;

  arena(index_t m, index_t n, index_t k, int count)
      : rows(m),
        columns(n),
        depth(k),
        a(codes<A>(m * k, 1)),
        b(codes<std::int8_t>(k * n, 2)),
        ours(m * n),
        theirs(m * n),
        scales(static_cast<std::size_t>(n)),
        peer(m, n, k, a.data(), b.data(), theirs.data(), scales_of(scales, k), count) {
    for (int i = 0; i < count; ++i) {
      packed.emplace_back(view<const std::int8_t>{b.data(), {k, n}, {n, 1}});
    }
  }
  static const std::vector<float>& scales_of(std::vector<float>& s, index_t depth) {
    for (std::size_t n = 0; n < s.size(); ++n) {
      s[n] = static_cast<float>(1 + n % 7) / (300.0f * std::sqrt(static_cast<float>(depth)));
    }
    return s;
  }

  void run() {
    const view<const A> left{a.data(), {rows, depth}, {depth, 1}};
    const auto& right = packed[turn++ % packed.size()];
    if constexpr (sizeof(C) == 4) {
      gemm::multiply(left, right, {}, gemm::pipeline<gemm::store<C>>{{gemm::store<C>(ours.data(), columns)}});
    } else {
      gemm::multiply(left, right, {},
                     gemm::scale_columns({scales.data(), 1}) >> gemm::round_to(0, -128, 127) >>
                         gemm::store<C>(ours.data(), columns));
    }
    benchmark::ClobberMemory();
  }
  void run_peer() { peer.run(peer_turn++); }

  /// Equal, and right against three loops at some places; a code may differ by one where the peer rounds elsewhere.
  bool verify() {
    run();
    run_peer();
    for (index_t i = 0; i < ours.size(); ++i) {
      if (std::abs(int(ours[i]) - int(theirs[i])) > (sizeof(C) == 4 ? 0 : 1)) return false;
    }
    for (index_t i = 0; i < rows * columns && sizeof(C) == 4; i += 1 + rows * columns / 50) {
      std::int64_t sum = 0;
      for (index_t k = 0; k < depth; ++k) {
        sum += int(a[static_cast<std::size_t>(i / columns * depth + k)]) *
               int(b[static_cast<std::size_t>(k * columns + i % columns)]);
      }
      if (sum != ours[i]) return false;
    }
    return true;
  }
};

/// Which pages weights in memory lie on: huge ones where the system has them, or small ones all the same.
enum class pages { huge, small };

template <class A, class C>
void add(index_t m, index_t n, index_t k, int count = 1, pages on = pages::huge) {
  auto made = std::make_shared<std::unique_ptr<arena<A, C>>>();
  auto get = [=]() -> arena<A, C>& {
    if (!*made) {
      prctl(PR_SET_THP_DISABLE, on == pages::small, 0, 0, 0);
      *made = std::make_unique<arena<A, C>>(m, n, k, count);
      prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
    }
    return **made;
  };
  const double operations = 2.0 * double(m) * double(n) * double(k);
  const std::string name = std::string(std::is_signed_v<A> ? "gemm_s8s8" : "gemm_u8s8") +
                           (sizeof(C) == 4 ? "s32/" : "s8/") + std::to_string(m) + "x" + std::to_string(n) + "x" +
                           std::to_string(k) + (count > 1 ? "_cycled" + std::to_string(count) : "") +
                           (count == 1 ? "" : on == pages::huge ? "_huge_pages" : "_4K_pages");
  const auto limit = m == 1 ? std::function<void()>([get] { peers::read(get().packed, get().turn++); })
                            : [operations] { bench::multiply(operations); };
  bench::add({name, operations, [get] { return get().verify(); }, [get] { get().run(); }, [get] { get().run_peer(); },
              limit, "oneDNN", "GOP/s"});
  benchmark::RegisterBenchmark("free", [made](benchmark::State& state) {
    for (auto _ : state) made->reset();
  })->Iterations(1);
}

template <class C>
void add_shapes() {
  for (const auto& [m, n, k] : std::vector<std::array<index_t, 3>>{
           {128, 128, 128},  {256, 256, 256},   {512, 512, 512},    {1024, 1024, 1024}, {2048, 2048, 2048},
           {16, 4096, 4096}, {3136, 64, 576},   {784, 128, 1152},   {196, 256, 2304},   {49, 512, 4608},
           {12544, 32, 27},  {1024, 8, 256},    {1024, 16, 256},    {1024, 24, 256},    {4096, 64, 3},
           {4096, 64, 27},   {4096, 64, 32},    {1, 4096, 4096}}) {
    add<std::uint8_t, C>(m, n, k);
    add<std::int8_t, C>(m, n, k);
  }
  for (pages on : {pages::huge, pages::small}) {
    add<std::uint8_t, C>(1, 4096, 4096, 16, on);
    add<std::int8_t, C>(1, 4096, 4096, 16, on);
  }
}

/// 1024^3 on two threads of Eigen's pool beside one.
void add_threads() {
  constexpr index_t n = 1024;
  auto ours = std::make_shared<arena<std::uint8_t, std::int32_t>>(n, n, n, 1);
  auto pool = std::make_shared<Eigen::ThreadPool>(2);
  const auto run = [ours](auto&& executor) {
    const view<const std::uint8_t> left{ours->a.data(), {n, n}, {n, 1}};
    gemm::multiply(left, ours->packed[0], {}, gemm::pipeline<gemm::store<std::int32_t>>{{{ours->ours.data(), n}}},
                   executor);
  };
  const auto on_two = [run, pool] { run(pool_executor(*pool)); };
  const auto right = [ours, on_two] {
    if (!ours->verify()) return false;
    ours->ours = 0;
    return on_two(), (ours->ours == ours->theirs).all();
  };
  bench::add({"gemm_u8s8s32_on_two_threads/1024x1024x1024", 2.0 * n * n * n, right, on_two, [run] { run(serial{}); },
              {}, "one thread", "GOP/s", true});
}

/// 1024^3 beside products that are not our kind: float, and gemmlowp's of unsigned codes.
void add_other_peers() {
  constexpr index_t n = 1024;
  constexpr double operations = 2.0 * n * n * n;
  auto ours = std::make_shared<arena<std::uint8_t, std::int32_t>>(n, n, n, 1);
  auto theirs = std::make_shared<peers::others>(n);
  for (const auto& [name, run, right] : theirs->all()) {
    bench::add({"gemm_u8s8s32/1024x1024x1024", operations,
                [ours, theirs, right = right] { return ours->verify() && right(); }, [ours] { ours->run(); }, run,
                [] { bench::multiply(operations); }, name, "GOP/s"});
  }
}

}  // namespace

int main(int argc, char** argv) {
  add_shapes<std::int32_t>();
  add_shapes<std::int8_t>();
  add_other_peers();
  add_threads();
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
