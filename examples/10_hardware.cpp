// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 10. Hardware: what this machine's instructions can do, and what happens without them.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/10_hardware.cpp -o 10 && ./10
//
// Teaches: int8 is four times smaller everywhere, but faster only where the CPU multiplies bytes in its vector units
// and the compiler was told so. The result is the same to the bit either way; the time is not.
//
// The pitfall: the hardware ignored. Leave out -march=native and look at the last column: 8 bits can be slower than
// floats. The opposite mistake is worse: a program built for a newer CPU dies on an older one, unless it asks first.
//
// To experiment: build with -march=x86-64-v3 (AVX2, no byte products) and without any -march; change the size.
#include <equant/equant.hpp>

#include <chrono>
#include <cstdio>

using namespace equant;

constexpr int size = 384;

// The best of five, in operations a second: a product has size^3 multiplications and as many additions.
double giga_operations(const auto& product) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    product();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2.0 * size * size * size / best / 1e9;
}

int main() {
  std::printf("The kernels of this program are written for:  %s\n", isa::native::name);
  std::printf("Does this CPU have what it was compiled for?  %s\n\n", cpu_supports_native() ? "yes" : "no");
  if (!cpu_supports_native()) return 1;  // before anything else runs: the next instruction could be an illegal one

  std::printf("This CPU has  AVX2: %s   byte products of AVX-VNNI: %s   of AVX-512: %s   of ARM: %s\n\n",
              isa::supported<isa::avx2>() ? "yes" : "no", isa::supported<isa::avxvnni>() ? "yes" : "no",
              isa::supported<isa::avx512vnni>() ? "yes" : "no", isa::supported<isa::neondot>() ? "yes" : "no");

  const Eigen::MatrixXf x = Eigen::MatrixXf::Random(size, size), w = Eigen::MatrixXf::Random(size, size);
  Eigen::MatrixXf y(size, size);
  const double in_float = giga_operations([&] { y.noalias() = x * w; });

  // The codes of both, as they lie in memory, multiplied by the plain C++ kernel and by the best one here.
  const auto a = quantize<uint8>(x, symmetric);
  const auto b = quantize<int8>(w, symmetric);
  const view<const std::uint8_t> left{a.bytes().data(), a.sizes(), a.strides()};
  const view<const std::int8_t> right{b.codes().data(), b.sizes(), b.strides()};
  const gemm::terms zero_point{a.zero_points(), {}};
  const auto integers = [&]<class Isa>(Isa, Eigen::MatrixXi& sums) {
    const gemm::packed_matrix<Isa> packed(right);  // weights are laid out for the kernel once
    const gemm::scatter<std::int32_t> to(sums.data(), 1, size);
    return giga_operations([&] { gemm::multiply(left, packed, zero_point, to); });
  };
  Eigen::MatrixXi plain(size, size), fast(size, size);
  const double portable = integers(isa::portable{}, plain);
  const double native = integers(isa::native{}, fast);

  std::printf("%d x %d times %d x %d                     G operations/s   to float\n", size, size, size, size);
  std::printf("float32, Eigen                            %14.1f %9.2fx\n", in_float, 1.0);
  std::printf("int8, plain C++ (portable)                %14.1f %9.2fx\n", portable, portable / in_float);
  std::printf("int8, these instructions (%-10s)   %12.1f %9.2fx\n\n", isa::native::name, native, native / in_float);
  std::printf("Both integer results are %s.\n", plain == fast ? "the same to the bit" : "DIFFERENT");
  std::printf("Weights: %d KB in float32, %d KB in int8.\n", size * size * 4 / 1024, size * size / 1024);
}
