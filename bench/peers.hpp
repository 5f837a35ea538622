// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "limits.hpp"

#include <equant/gemm/packed_matrix.hpp>

#include <Eigen/Core>
#include <cblas.h>
#include <dnnl.hpp>
#include <public/gemmlowp.h>

#include <benchmark/benchmark.h>

/// The libraries our products are compared with, each set up the way it is fastest, on one thread.
namespace peers {

using equant::index_t;

/// oneDNN's matmul of A and s8 weights into int32, or into int8 by a scale per column; weights reordered once.
template <class A, class C>
class onednn_product {
 public:
  onednn_product(index_t m, index_t n, index_t k, const A* a, const std::int8_t* b, C* c,
                 const std::vector<float>& scales, int count)
      : cpu_(dnnl::engine::kind::cpu, 0), stream_(cpu_) {
    using memory = dnnl::memory;
    const auto left_type = std::is_signed_v<A> ? memory::data_type::s8 : memory::data_type::u8;
    const auto right_type = memory::data_type::s8;
    const auto out_type = sizeof(C) == 4 ? memory::data_type::s32 : memory::data_type::s8;
    const memory::desc left({m, k}, left_type, memory::format_tag::ab);
    const memory::desc plain({k, n}, right_type, memory::format_tag::ab),
        any({k, n}, right_type, memory::format_tag::any);
    const memory::desc out({m, n}, out_type, memory::format_tag::ab);
    dnnl::primitive_attr attributes;
    if (sizeof(C) == 1) attributes.set_output_scales(2, scales);
    const dnnl::matmul::primitive_desc how(dnnl::matmul::desc(left, any, out), attributes, cpu_);
    product_ = dnnl::matmul(how);
    a_ = memory(left, cpu_, const_cast<A*>(a));
    c_ = memory(out, cpu_, c);
    memory given(plain, cpu_, const_cast<std::int8_t*>(b));
    for (int i = 0; i < count; ++i) {
      buffers_.emplace_back(how.weights_desc().get_size());  // the same pages as ours
      weights_.emplace_back(how.weights_desc(), cpu_, buffers_.back().data());
      dnnl::reorder(given, weights_.back()).execute(stream_, given, weights_.back());
    }
    stream_.wait();
  }

  void run(std::size_t turn) {
    product_.execute(stream_,
                     {{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, weights_[turn % weights_.size()]}, {DNNL_ARG_DST, c_}});
    stream_.wait();
  }

 private:
  dnnl::engine cpu_;
  dnnl::stream stream_;
  dnnl::matmul product_;
  dnnl::memory a_, c_;
  std::vector<equant::byte_buffer> buffers_;
  std::vector<dnnl::memory> weights_;
};

/// Reads the codes of one of some packed matrices: what a product with one row cannot be faster than.
inline void read(const std::vector<equant::gemm::packed_matrix<>>& packed, std::size_t turn) {
  const auto& one = packed[turn % packed.size()];
  bench::read(one.codes(0), static_cast<std::size_t>(one.rows() * one.columns()));
}

/// Float products of n x n matrices by OpenBLAS and Eigen, and gemmlowp's of unsigned codes.
class others {
 public:
  struct one {
    std::string name;
    std::function<void()> run;
    std::function<bool()> verify;
  };

  explicit others(index_t n)
      : a_(Eigen::MatrixXf::Random(n, n)), b_(Eigen::MatrixXf::Random(n, n)), c_(n, n), d_(n, n) {
    const auto size = static_cast<std::size_t>(n * n);
    codes_.resize(size);
    sums_.resize(size);
    std::uint32_t seed = 5;
    for (std::uint8_t& x : codes_) x = static_cast<std::uint8_t>((seed = seed * 1664525u + 1013904223u) >> 24);
  }

  std::vector<one> all() {
    return {{"OpenBLAS float", [this] { blas(); }, [this] { return floats_agree(); }},
            {"Eigen float", [this] { eigen(); }, [this] { return floats_agree(); }},
            {"gemmlowp", [this] { gemmlowp_product(); }, [this] { return sums_right(); }}};
  }

 private:
  void blas() {
    const int n = static_cast<int>(a_.rows());
    cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a_.data(), n, b_.data(), n, 0, d_.data(), n);
  }
  void eigen() { c_.noalias() = a_ * b_; }
  bool floats_agree() {
    blas();
    eigen();
    return (c_ - d_).norm() < 1e-4f * c_.norm();
  }
  void gemmlowp_product() {
    const int n = static_cast<int>(a_.rows());
    using order = gemmlowp::MapOrder;
    const gemmlowp::MatrixMap<const std::uint8_t, order::RowMajor> left(codes_.data(), n, n);
    const gemmlowp::MatrixMap<const std::uint8_t, order::ColMajor> right(codes_.data(), n, n);
    gemmlowp::MatrixMap<std::int32_t, order::ColMajor> out(sums_.data(), n, n);
    gemmlowp::GemmWithOutputPipeline<std::uint8_t, std::int32_t, gemmlowp::DefaultL8R8BitDepthParams>(
        &context_, left, right, &out, 0, 0, std::make_tuple());
  }
  bool sums_right() {
    gemmlowp_product();
    const auto n = static_cast<std::size_t>(a_.rows());
    for (std::size_t i = 0; i < n * n; i += n * n / 50 + 1) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += int(codes_[i % n * n + k]) * int(codes_[i / n * n + k]);
      if (sum != sums_[i]) return false;
    }
    return true;
  }

  Eigen::MatrixXf a_, b_, c_, d_;
  std::vector<std::uint8_t> codes_;
  std::vector<std::int32_t> sums_;
  gemmlowp::GemmContext context_;
};

}  // namespace peers
