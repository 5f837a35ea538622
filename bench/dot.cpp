// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Dot products and squared distances of bytes in cache beside Eigen's expression, the codes cast to int.

#include "pair.hpp"

#include <equant/dot.hpp>

#include <memory>

namespace {

using namespace equant;

template <class T>
using codes = Eigen::Matrix<T, Eigen::Dynamic, 1>;

template <class A, class B>
struct arena {
  codes<A> a;
  Eigen::Matrix<B, Eigen::Dynamic, Eigen::Dynamic> b;  // vectors side by side
  Eigen::Matrix<std::int32_t, Eigen::Dynamic, 1> ours, peers;
  std::int32_t sum = 0;

  arena(index_t n, index_t vectors) : a(n), b(n, vectors), ours(vectors), peers(vectors) {
    std::uint32_t state = 1;
    const auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 24; };
    for (A& v : a) v = static_cast<A>(next());
    for (B& v : b.reshaped()) v = static_cast<B>(next());
  }
};

/// The vectors take turns, as they do in a search: `ours` and `peer` give one number for each.
template <class A, class B, class Ours, class Peer>
void add(const std::string& name, index_t n, Ours ours, Peer peer) {
  constexpr index_t vectors = 8;
  auto made = std::make_shared<arena<A, B>>(n, vectors);
  bench::contest c;
  c.name = "dot/" + name + "_" + std::to_string(n);
  c.elements = static_cast<double>(n * vectors);
  c.verify = [=] {
    ours(*made);
    peer(*made);
    return made->ours == made->peers;
  };
  c.ours = [=] { ours(*made), benchmark::ClobberMemory(); };
  c.peer = [=] { peer(*made), benchmark::ClobberMemory(); };
  bench::add(c);
}

template <class A, class B>
void add_kind(const std::string& kind, index_t n) {
  const auto expression = [](arena<A, B>& m) {
    for (index_t v = 0; v < m.b.cols(); ++v) {
      m.peers[v] = m.a.template cast<int>().dot(m.b.col(v).template cast<int>());
    }
  };
  add<A, B>("dot_" + kind, n, [](arena<A, B>& m) {
    for (index_t v = 0; v < m.b.cols(); ++v) m.ours[v] = kernels::dot(m.a.data(), m.b.col(v).data(), m.a.size());
  }, expression);
  add<A, B>("many_" + kind, n, [](arena<A, B>& m) {
    kernels::dot_many(m.a.data(), m.b.data(), m.b.outerStride(), m.b.cols(), m.a.size(), m.ours.data());
  }, expression);
  if constexpr (std::is_same_v<A, B>) {
    add<A, B>("squared_distance_" + kind, n, [](arena<A, B>& m) {
      for (index_t v = 0; v < m.b.cols(); ++v) {
        m.ours[v] = kernels::squared_distance(m.a.data(), m.b.col(v).data(), m.a.size());
      }
    }, [](arena<A, B>& m) {
      for (index_t v = 0; v < m.b.cols(); ++v) {
        m.peers[v] = (m.a.template cast<int>() - m.b.col(v).template cast<int>()).squaredNorm();
      }
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (index_t n : {128, 1536}) {
    add_kind<std::int8_t, std::int8_t>("s8s8", n);
    add_kind<std::uint8_t, std::uint8_t>("u8u8", n);
    add_kind<std::uint8_t, std::int8_t>("u8s8", n);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
