// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// The product of 1024 x 1024 codes on a machine with AVX2 alone, for which this file is compiled: beside Eigen's of
// floats in the same build, and the exact multiply and add of bytes that AVX2 has.

#include "multiply_limit.hpp"
#include "pair.hpp"

#include <equant/gemm/gemm.hpp>

#include <Eigen/Core>

#include <memory>

namespace {

using namespace equant;

constexpr index_t edge = 1024;

/// The floats are the codes, so that both give the same numbers: a sum of 1024 products of two codes is below 2^24.
struct arena {
  using floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  std::vector<std::uint8_t> a;
  std::vector<std::int8_t> b;
  std::vector<std::int32_t> ours;
  floats left, right, peers;
  gemm::packed_matrix<> packed;

  arena() : ours(edge * edge), left(edge, edge), right(edge, edge), peers(edge, edge) {
    std::uint32_t state = 1;
    const auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 25; };
    for (index_t i = 0; i < edge * edge; ++i) {
      a.push_back(static_cast<std::uint8_t>(next()));
      b.push_back(static_cast<std::int8_t>(static_cast<int>(next()) - 64));
      left.data()[i] = a.back();
      right.data()[i] = b.back();
    }
    packed = gemm::packed_matrix<>(view<const std::int8_t>{b.data(), {edge, edge}, {edge, 1}});
  }
  void run() {
    gemm::multiply(view<const std::uint8_t>{a.data(), {edge, edge}, {edge, 1}}, packed, {},
                   gemm::pipeline<gemm::store<std::int32_t>>{{{ours.data(), edge}}});
  }
  void run_peer() { peers.noalias() = left * right; }
  bool verify() {
    run();
    run_peer();
    return Eigen::Map<const Eigen::Matrix<std::int32_t, Eigen::Dynamic, 1>>(ours.data(), edge * edge).cast<float>() ==
           peers.reshaped<Eigen::RowMajor>();
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto made = std::make_shared<arena>();
  constexpr double operations = 2.0 * edge * edge * edge;
  bench::add({std::string("gemm_") + isa::native::name + "_u8s8s32/1024x1024x1024", operations,
              [made] { return made->verify(); }, [made] { made->run(); }, [made] { made->run_peer(); },
              [] { bench::multiply(operations); }, "Eigen float", "GOP/s"});
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
