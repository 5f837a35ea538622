// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Encoding 64 Mi values with codebooks of 4 and 16 levels beside the uniform int4 of the same tensor (the ratio is to
// stay above one half), beside FAISS's 4-bit scalar quantizer, and beside a loop that only moves the same bytes.

#include "limits.hpp"
#include "pair.hpp"

#include <equant/equant.hpp>
#include <equant/quantizers/lloyd_max.hpp>

#include <faiss/impl/ScalarQuantizer.h>

#include <memory>

namespace {

using namespace equant;

constexpr index_t count = index_t{64} << 20, dimension = 1024;

struct arena {
  byte_buffer memory{sizeof(float) * std::size_t{count}}, decoded{sizeof(float) * std::size_t{count}};
  Eigen::Map<Eigen::VectorXf> x{reinterpret_cast<float*>(memory.data()), count};
  Eigen::Map<Eigen::VectorXf> y{reinterpret_cast<float*>(decoded.data()), count};
  codebook_quantizer<4> book;
  codebook_quantizer<2> small;
  uniform_quantizer<nf4> normal_float;
  uniform_quantizer<int4> uniform;
  quantized<codebook<4>> codes;
  quantized<codebook<2>> small_codes;
  quantized<nf4> normal_codes;
  quantized<int4> int4_codes;
  faiss::ScalarQuantizer faiss{std::size_t{dimension}, faiss::ScalarQuantizer::QT_4bit_uniform};
  std::vector<std::uint8_t> faiss_codes;

  arena() {
    std::uint32_t state = 1;
    const auto next = [&] { return static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) * 0x1p-24f; };
    for (float& v : x) v = next() + next() + next() + next() - 2;
    const Eigen::VectorXf part = x.head(100000);
    book = lloyd_max<4>(part);
    small = lloyd_max<2>(part);
    normal_float = uniform_quantizer<nf4>(affine{x.cwiseAbs().maxCoeff(), 0});
    uniform = uniform_quantizer<int4>(affine{x.cwiseAbs().maxCoeff() / 7, 0});
    codes = book.quantize(x);
    small_codes = small.quantize(x);
    normal_codes = normal_float.quantize(x);
    int4_codes = uniform.quantize(x);
    faiss.train(std::size_t{count / dimension}, x.data());
    faiss_codes.resize(faiss.code_size * std::size_t{count / dimension});
  }

  void peer_uniform() { uniform.quantize_into(x, int4_codes); }
  void peer_faiss() { faiss.compute_codes(x.data(), faiss_codes.data(), std::size_t{count / dimension}); }
  void limit() { bench::move<8, 1>(x.data(), codes.bytes().data(), std::size_t{count / 2}, true); }

  /// On some of the values: the code is that of the nearest level, and FAISS comes back within a step.
  template <class Quantizer, class Codes>
  bool nearest(const Quantizer& quantizer, Codes& q) {
    quantizer.quantize_into(x, q);
    for (index_t i = 0; i < count; i += 997) {
      const float scale = q.scales()[0], here = std::abs(x[i] - q.format().decode(q.code(i)) * scale);
      for (int c = 0; c < 1 << Codes::format_type::bits; ++c) {
        const float level = q.format().decode(static_cast<std::uint8_t>(c)) * scale;
        if (std::abs(x[i] - level) < here * 0.9999f) return false;
      }
    }
    peer_faiss();
    faiss.decode(faiss_codes.data(), y.data(), std::size_t{count / dimension});
    return (x - y).cwiseAbs().maxCoeff() < 4.0f / 15;
  }
};

}  // namespace

int main(int argc, char** argv) {
  auto made = std::make_shared<std::unique_ptr<arena>>();
  const auto get = [made]() -> arena& {
    if (!*made) *made = std::make_unique<arena>();
    return **made;
  };
  const auto add = [&](const std::string& name, auto quantizer, auto codes) {
    const auto verify = [=] { return get().nearest(get().*quantizer, get().*codes); };
    const auto ours = [=] { (get().*quantizer).quantize_into(get().x, get().*codes); };
    const auto limit = [=] { get().limit(); };
    bench::add({"codebook/" + name, count, verify, ours, [=] { get().peer_uniform(); }, limit, "int4"});
    bench::add({"codebook/" + name, count, verify, ours, [=] { get().peer_faiss(); }, limit, "FAISS"});
  };
  add("encode_16_levels/64Mi", &arena::book, &arena::codes);
  add("encode_nf4/64Mi", &arena::normal_float, &arena::normal_codes);
  add("encode_4_levels/64Mi", &arena::small, &arena::small_codes);
  bench::add({"codebook/decode_16_levels/64Mi", count, [=] { return get().nearest(get().book, get().codes); },
              [=] { dequantize_into(get().codes, get().y); },
              [=] {
                get().faiss.decode(get().faiss_codes.data(), get().y.data(), std::size_t{count / dimension});
              },
              nullptr, "FAISS"});
  bench::add({"codebook/decode_16_levels/64Mi", count, [=] { return get().nearest(get().book, get().codes); },
              [=] { dequantize_into(get().codes, get().y); }, [=] { dequantize_into(get().int4_codes, get().y); },
              nullptr, "int4"});
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("isa", isa::native::name);
  benchmark::RunSpecifiedBenchmarks();
}
