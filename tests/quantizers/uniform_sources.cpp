// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// The uniform quantizer on every kind of source: codes, values, fake quantization and the gradient's mask of each
// element equal the oracle's, at every granularity.
#include "catch.hpp"
#include "quantizers/elementwise.hpp"

#include <equant/core/contiguous.hpp>

#include <span>

namespace {

using namespace equant;
using elementwise::granularities;

constexpr double scale = 0.03;

/// All granularities on one source; the format is one whose codes take this path through the packing.
template <class Format, class X>
void check(const X& x) {
  for (const blocking& where : granularities({x.rows(), x.cols()})) {
    CHECK(elementwise::difference<Format, affine>(x, where, scale) == "");
  }
}

template <class M>
M numbers(Eigen::Index rows, Eigen::Index cols) {
  using T = typename M::Scalar;
  M m = matrices::uniform<M>(rows, cols, -5, 5);
  const float special[] = {HUGE_VALF, -HUGE_VALF, std::numeric_limits<float>::quiet_NaN(), -0.0f, 1e30f, -1e30f};
  for (Eigen::Index i = 0; i < std::min<Eigen::Index>(m.size(), 60); i += 10) {
    m(i % rows, (7 * i) % cols) = static_cast<T>(special[i / 10]);
  }
  return m;
}

/// A stands for codes of whole bytes, B for nibbles and C for codes that cross bytes.
template <class M, class A, class B, class C>
void matrix_and_its_parts() {
  using T = typename M::Scalar;
  using dynamic = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  using steps = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  M m = numbers<M>(37, 21);
  check<A>(m);
  check<B>(m.transpose());
  check<C>(m.block(2, 3, 29, 17));
  check<A>(Eigen::Ref<const M, 0, Eigen::OuterStride<>>(m.topLeftCorner(9, 8)));
  check<A>(Eigen::Map<const dynamic, 0, steps>(m.data(), 6, 7, steps(40, 3)));
  check<B>(m.row(5));
  check<C>(m.col(4));
}

template <class T, int Options>
void tensors_of_rank_3_and_4() {
  Eigen::Tensor<T, 3, Options> a(5, 4, 9);
  Eigen::Tensor<T, 4, Options> b(3, 2, 5, 4);
  const auto values = numbers<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>>(20, 9);
  std::copy_n(values.data(), a.size(), a.data());
  std::copy_n(values.data(), b.size(), b.data());
  for (const blocking& where : granularities({5, 4, 9})) {
    CHECK(elementwise::tensor_difference<int8>(a, where, scale) == "");
  }
  for (const blocking& where : granularities({3, 2, 5, 4})) {
    CHECK(elementwise::tensor_difference<int8>(b, where, scale) == "");
  }
  const Eigen::TensorMap<const Eigen::Tensor<T, 3, Options>> map(b.data(), 4, 6, 5);
  CHECK(elementwise::tensor_difference<int8>(map, {{1, 0, 2}}, scale) == "");
}

}  // namespace

TEST_CASE("uniform_quantizer: matrices of floats and their parts") {
  matrix_and_its_parts<Eigen::MatrixXf, int8, uint4, int3>();
  matrix_and_its_parts<matrices::row_major, int8, uint4, int3>();
}

TEMPLATE_TEST_CASE("uniform_quantizer: matrices of other types and their parts", "[uniform_quantizer]", double, fp16,
                   bf16) {
  matrix_and_its_parts<Eigen::Matrix<TestType, -1, -1>, int8, int8, int8>();
  matrix_and_its_parts<Eigen::Matrix<TestType, -1, -1, Eigen::RowMajor>, int8, int8, int8>();
}

TEST_CASE("uniform_quantizer: arrays, fixed sizes and vectors") {
  check<int8>(numbers<Eigen::ArrayXXf>(10, 9));
  check<int8>(numbers<Eigen::ArrayXXd>(10, 9).transpose());
  check<int8>(numbers<Eigen::Matrix<float, 3, 5, Eigen::RowMajor>>(3, 5));
  check<int8>(numbers<Eigen::Matrix4d>(4, 4));
  check<uint4>(numbers<Eigen::VectorXf>(45, 1));
  check<int3>(numbers<Eigen::RowVectorXf>(1, 45));
  check<uint4>(numbers<Eigen::ArrayXf>(45, 1));
}

TEST_CASE("uniform_quantizer: views that skip, repeat or turn around") {
  Eigen::MatrixXf m = numbers<Eigen::MatrixXf>(24, 18);
  check<int8>(m.array());
  check<int8>(m.diagonal());
  check<int8>(m.diagonal<-2>());
  check<int8>(m.col(3).segment(2, 15));
  check<int8>(m.reverse());
  check<int8>(m.colwise().reverse());
  check<uint4>(m.reshaped(16, 27));
  check<uint4>(m.reshaped<Eigen::RowMajor>(9, 48));
  check<int8>(m(Eigen::seq(1, 20, 3), Eigen::seq(17, 0, -4)));
  check<int8>(Eigen::Map<const Eigen::VectorXf, 0, Eigen::InnerStride<>>(m.data(), 50, Eigen::InnerStride<>(5)));
  check<int8>(Eigen::Ref<Eigen::MatrixXf>(m));
  check<int8>(m.replicate(2, 3));
}

TEST_CASE("uniform_quantizer: what is computed") {
  const auto m = matrices::uniform<Eigen::MatrixXf>(12, 7, -2, 2);
  const auto r = matrices::uniform<matrices::row_major>(12, 7, -2, 2, 2);
  check<int8>(m + m);
  check<int8>(2.5f * r);
  check<int8>(m.cwiseProduct(m).cwiseAbs());
  check<int8>(m.array() * 0.3f + 1);
  check<int8>((m * m.transpose()).eval());
  check<int8>(m.transpose() * r);
  check<int8>(m.unaryExpr([](float v) { return v - 1; }));
  check<int8>((m + r).transpose());
  check<int8>(Eigen::MatrixXf::Constant(5, 4, 0.7f));
  check<int8>(m.cast<double>());
  check<int8>(m.colwise().sum());
}

TEMPLATE_TEST_CASE("uniform_quantizer: tensors of rank 3 and 4 in both orders", "[uniform_quantizer]", float, fp16) {
  tensors_of_rank_3_and_4<TestType, Eigen::ColMajor>();
  tensors_of_rank_3_and_4<TestType, Eigen::RowMajor>();
}

TEST_CASE("uniform_quantizer: plain arrays") {
  const Eigen::VectorXf m = numbers<Eigen::VectorXf>(45, 1);
  std::vector<float> v(m.data(), m.data() + 45);
  const uniform_quantizer<int8> quantizer(
      elementwise::some_parameters<affine>({{4}}, {45}, int8::range, scale));
  const uniform_quantizer<int8> column(
      elementwise::some_parameters<affine>({{4, 0}}, {45, 1}, int8::range, scale));
  const auto wanted = column.quantize(m);
  const Eigen::VectorXf fake = column.fake_quantize(m), mask = column.gradient_mask(m);
  auto check_one = [&](const auto& x) {
    const auto q = quantizer.quantize(x);
    const std::vector<float> back = dequantize<std::vector<float>>(q);
    const std::vector<float> fakes = quantizer.fake_quantize(x), masks = quantizer.gradient_mask(x);
    CHECK(q.sizes() == shape{45});
    for (std::size_t i = 0; i < 45; ++i) {
      CHECK(q.code(index_t(i)) == wanted.code(index_t(i)));
      CHECK(fakes[i] == fake[Eigen::Index(i)]);
      CHECK(back[i] == fakes[i]);
      CHECK(masks[i] == mask[Eigen::Index(i)]);
    }
  };
  check_one(v);
  check_one(std::span<float>(v));
  check_one(std::span<const float>(v));
}
