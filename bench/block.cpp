// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "limits.hpp"
#include "pair.hpp"

#include <equant/compare.hpp>
#include <equant/quantize.hpp>

/// Encoding in block schemes by their own rules, 64 Mi values, against a memcpy of the input.
namespace {

using namespace equant;
using rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct arena {
  rows x{8192, 8192}, copy{8192, 8192};

  arena() {
    std::uint64_t state = 1;
    for (index_t i = 0; i < x.size(); ++i) {  // sums of four even numbers: bell-shaped
      float sum = 0;
      for (int k = 0; k < 4; ++k) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        sum += static_cast<float>(static_cast<std::int32_t>(state >> 32)) * 0x1p-31f;
      }
      x.data()[i] = sum;
    }
    copy = x;
  }
};

template <class Scheme>
void add(const std::string& name, double least_db) {
  static arena a;
  static quantized_blocks<Scheme> q(shape{8192, 8192});
  bench::add({"block/" + name + "/64Mi", static_cast<double>(a.x.size()),
              [least_db] {
                const rows some = a.x.topRows(64);
                return compare(some, quantize<Scheme>(some)).sqnr_db > least_db;
              },
              [] { block_quantizer<Scheme>().quantize_into(a.x, q); },
              [] { std::memcpy(a.copy.data(), a.x.data(), static_cast<std::size_t>(a.x.size()) * sizeof(float)); },
              {},
              "memcpy"});
}

}  // namespace

int main(int argc, char** argv) {
  add<q4_0>("q4_0", 20);
  add<mxfp4>("mxfp4", 17);
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
