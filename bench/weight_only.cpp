// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Products of float activations and 4-bit weights in groups of 32, N = K = 4096, 16 matrices in turn so that weights
// come from memory: beside Eigen's float product with the dequantized weights, a loop that reads the packed bytes, and
// a loop of vpdpbusd. What is shown: the time, its ratio to Eigen's and to the reading loop's, and the fraction of the
// byte dot products' peak.

#include "limits.hpp"
#include "multiply_limit.hpp"
#include "pair.hpp"

#include <equant/equant.hpp>
#include <equant/gemm/weight_only.hpp>

#include <Eigen/Core>

#include <memory>

namespace {

using namespace equant;

constexpr index_t edge = 4096, group = 32, matrices = 16;

std::uint32_t random_bits() {
  static std::uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

struct arena {
  std::vector<gemm::packed_weights> weights;
  Eigen::MatrixXf dequantized;  // the first of them: the peer would need 64 MiB for each
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> x, ours, peers;

  explicit arena(index_t rows) : dequantized(edge, edge), x(rows, edge), ours(rows, edge), peers(rows, edge) {
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(edge * edge));
    for (auto& c : codes) c = static_cast<std::uint8_t>(random_bits() & 15u);
    std::vector<std::uint16_t> scales(static_cast<std::size_t>(edge / group * edge));
    for (auto& s : scales) s = static_cast<std::uint16_t>(0x2000u + (random_bits() & 1023u));
    const gemm::packed_weights one(view<const std::uint8_t>{codes.data(), {edge, edge}, {edge, 1}}, 4, group,
                                   {scales.data(), {edge / group, edge}, {edge, 1}});
    weights.assign(matrices, one);
    for (index_t n = 0; n < edge; ++n) {
      for (index_t k = 0; k < edge; ++k) dequantized(k, n) = one(k, n);
    }
    for (float& v : x.reshaped()) v = static_cast<float>(random_bits()) * 0x1p-23f - 1;
  }

  template <class Activations>
  void multiply(Activations a, std::size_t i) {
    gemm::multiply(a, {x.data(), {x.rows(), edge}, {edge, 1}}, weights[i],
                   {ours.data(), {x.rows(), edge}, {edge, 1}});
  }
  void peer() {
    if (x.rows() == 1) {
      peers.row(0).transpose().noalias() = dequantized.transpose() * x.row(0).transpose();
    } else {
      peers.noalias() = x * dequantized;
    }
  }
};

/// Operations per second at the peak of this instruction set.
double dot_peak() {
  constexpr double operations = 1e9;
  return operations / bench::seconds([] { bench::multiply(operations); }, 1);
}

template <class Activations>
void add(const std::string& name, index_t rows, double tolerance) {
  const std::string title = name + "/M" + std::to_string(rows);
  benchmark::RegisterBenchmark(title.c_str(), [title, rows, tolerance](benchmark::State& state) {
    bench::contest row;
    row.name = title;
    row.unit = "GOP/s";
    arena a(rows);
    a.multiply(Activations{}, 0);
    a.peer();
    if (!((a.ours - a.peers).norm() <= tolerance * a.peers.norm())) {
      bench::report(row, 0, 0, 0);
      state.SkipWithError("the answers differ");
      return;
    }
    std::vector<double> ours, peer, memory, peak;
    std::size_t i = 0;
    for (auto _ : state) {
      ours.push_back(bench::seconds([&] { a.multiply(Activations{}, i++ % matrices); }, matrices));
      const auto read_next = [&] {
        const auto& w = a.weights[i++ % matrices];
        bench::read(w.data(), w.size_bytes());
      };
      memory.push_back(bench::seconds(read_next, matrices));
      peak.push_back(dot_peak());
      if (peer.size() < 3) peer.push_back(bench::seconds([&] { a.peer(); }, 1));
      state.SetIterationTime(ours.back());
    }
    const double t = bench::median(ours), operations = 2.0 * static_cast<double>(rows * edge * edge);
    state.counters["GOP/s"] = operations / t * 1e-9;
    state.counters["x_Eigen"] = bench::median(peer) / t;
    state.counters["x_memory"] = t / bench::median(memory);
    const double of_peak = bench::median(peak) > 0 ? operations / t / bench::median(peak) : 0;
    state.counters["of_peak"] = of_peak;
    bench::report(row, operations / t * 1e-9, operations / bench::median(peer) * 1e-9,
                  rows == 1 ? bench::median(memory) / t : of_peak);
  })->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(8);
}

}  // namespace

int main(int argc, char** argv) {
  for (index_t rows : {1, 8, 32}) add<gemm::int8_activations>("weight_only/int4_group32/int8_activations", rows, 2e-2);
  for (index_t rows : {1, 8, 32}) {
    add<gemm::float_activations>("weight_only/int4_group32/float_activations", rows, 1e-5);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
