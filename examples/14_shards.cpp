// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 14. Across machines: calibration and evaluation of data that no single machine holds. Needs MPI (libopenmpi-dev).
//
//   mpic++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/14_shards.cpp -o 14 && mpirun ./14
//
// Teaches: a calibrator is a summary that travels. Each machine observes its own shards; save, load and merge put them
// together, so any engine's reduce will do. The number of shards is not that of the machines, and they are merged in
// their own order: sums are rounded alike, and shards.bin is the same to the byte on 1, 2 or 3 machines.
// To experiment: another calibrator for mse; as many shards as machines, and see which part of shards.bin moves.
#include <equant/equant.hpp>
#include <equant/io/file.hpp>
#include <equant/io/npy.hpp>
#include <mpi.h>

#include <cstdio>

using namespace equant;
using rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr int shards = 12;
int rank = 0, ranks = 1;

struct error_sums {  // a summary of one's own, and what makes it travel
  double error = 0, signal = 0;
  void merge(const error_sums& other) { error += other.error, signal += other.signal; }
  std::string save() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
  void load(const std::string& bytes) { std::memcpy(this, bytes.data(), sizeof *this); }
};

// One summary per shard, made by the rank that owns it, sent to all and merged in the order of the shards.
template <class Summary, class Look>
Summary over_shards(const rows& x, const Look& look) {
  std::string states[shards];
  for (int s = rank; s < shards; s += ranks) {
    const index_t first = part_begin(x.rows(), shards, s), end = part_begin(x.rows(), shards, s + 1);
    Summary part;
    look(part, x.middleRows(first, end - first));
    states[s] = part.save();
  }
  Summary all;
  for (int s = 0; s < shards; ++s) {
    std::size_t size = states[s].size();
    MPI_Bcast(&size, sizeof size, MPI_BYTE, s % ranks, MPI_COMM_WORLD);
    states[s].resize(size);
    MPI_Bcast(states[s].data(), static_cast<int>(size), MPI_BYTE, s % ranks, MPI_COMM_WORLD);
    Summary part;
    part.load(states[s]);
    all.merge(part);
  }
  return all;
}

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const auto load = [&](const char* name) {  // every machine reads all here; in earnest, its shards alone
    const auto x = io::load_npy(std::string(argc > 1 ? argv[1] : "examples/data") + name).to<std::vector<float>>();
    return rows(Eigen::Map<const rows>(x.data(), static_cast<index_t>(x.size()) / 64, 64));
  };
  const rows seen = load("/digits_train_x.npy") / 16, unseen = load("/digits_test_x.npy") / 16;
  const rows w = load("/digits_mlp_w1.npy");  // the first layer of a network: 128 x 64
  const auto layer = [&](const auto& x) { return rows((x * w.transpose()).cwiseMax(0)); };
  const auto in = over_shards<min_max>(seen, [](min_max& m, const auto& x) { m.observe(x); });
  const auto out = over_shards<mse>(seen, [&](mse& m, const auto& x) { m.observe(layer(x)); });
  const auto weights = quantize<int8>(w.transpose(), per_axis{1}, symmetric);
  const uniform_quantizer<uint8> before{in.params<uint8>(asymmetric)}, after{out.params<uint8>(asymmetric)};
  const auto sums = over_shards<error_sums>(unseen, [&](error_sums& e, const auto& x) {
    const rows y = layer(x), integers = matmul(before.quantize(x), weights).cwiseMax(0);
    e.merge({(after.fake_quantize(integers) - y).squaredNorm(), y.squaredNorm()});
  });
  if (rank == 0) {
    io::write_file(argc > 2 ? argv[2] : "shards.bin", in.save() + out.save() + sums.save());
    std::printf("%d shards, %d machines: int8 in steps of %.6f, at %.2f dB on unseen images\n", shards, ranks,
                after.params().scales()[0], 10 * std::log10(sums.signal / sums.error));
  }
  MPI_Finalize();
}
