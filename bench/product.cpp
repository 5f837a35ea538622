// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Product quantization beside FAISS on the same rows: 16 values in 4 groups, each by one of 256 points of its own
// k-means, 2 bits per value. Encoding and decoding are timed; the error must be no larger than FAISS's.
#include "pair.hpp"
#include "sources.hpp"

#include <equant/quantizers/product_code.hpp>

#include <faiss/impl/ProductQuantizer.h>

#include <memory>

namespace {

using namespace equant;

constexpr index_t columns = 16, dim = 4, rows = 1 << 14, values = rows * columns;

struct products {
  std::vector<float> x = sources::sample<float>(std::size_t{values}, sources::gauss);
  product_code code = product_code::trained(x, {.dim = dim, .bits = 8, .subspaces = columns / dim});
  faiss::ProductQuantizer faiss{std::size_t{columns}, std::size_t{columns / dim}, 8};
  std::vector<std::uint8_t> codes = std::vector<std::uint8_t>(code.bytes(values)), faiss_codes = codes;
  std::vector<float> decoded = x, faiss_decoded = x;

  products() {
    faiss.train(std::size_t{rows}, x.data());
    encode();
    faiss_encode();
  }

  void encode() { code.encode(x.data(), values, codes.data()); }
  void decode() { code.decode(codes.data(), values, decoded.data()); }
  void faiss_encode() { faiss.compute_codes(x.data(), faiss_codes.data(), std::size_t{rows}); }
  void faiss_decode() { faiss.decode(faiss_codes.data(), faiss_decoded.data(), std::size_t{rows}); }

  double mse(const std::vector<float>& y) const {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += std::pow(double{x[i]} - double{y[i]}, 2);
    return sum / static_cast<double>(values);
  }

  bool as_good() {
    decode();
    faiss_decode();
    return mse(decoded) <= mse(faiss_decoded);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const auto p = std::make_shared<products>();
  p->decode();
  p->faiss_decode();
  benchmark::AddCustomContext("mse", std::to_string(p->mse(p->decoded)));
  benchmark::AddCustomContext("mse of FAISS", std::to_string(p->mse(p->faiss_decoded)));
  const auto add = [&](const std::string& name, auto ours, auto peer) {
    bench::add({"product/" + name, double{values}, [p] { return p->as_good(); }, ours, peer, {}, "FAISS"});
  };
  add("encode/2_bits/256_points_of_4", [p] { p->encode(); }, [p] { p->faiss_encode(); });
  add("decode/2_bits/256_points_of_4", [p] { p->decode(); }, [p] { p->faiss_decode(); });
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
