// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

/// Which CPU the program runs on, against the one it was compiled for.
///
///   isa::supported<Isa>()    whether this CPU, under this operating system, has the instruction set
///   cpu_supports_native()    the same for isa::native and every other flag this translation unit was compiled with
///
/// A program that asks must do so where no other such code has run, static initialisers included.
namespace equant::inline EQUANT_ABI {

namespace cpu {

/// What a CPU can have, as far as kernels or the compiler may use it: a set of bits.
using features = std::uint64_t;

inline constexpr features sse3 = 1u << 0, ssse3 = 1u << 1, sse41 = 1u << 2, sse42 = 1u << 3, avx = 1u << 4,
                          f16c = 1u << 5, fma = 1u << 6, bmi2 = 1u << 7, avx2 = 1u << 8, avxvnni = 1u << 9,
                          avx512f = 1u << 10, avx512bw = 1u << 11 /* and DQ and VL */, avx512vnni = 1u << 12,
                          avx512vbmi = 1u << 13, avx512bf16 = 1u << 14, avx512fp16 = 1u << 15,
                          dotprod = 1u << 16, i8mm = 1u << 17, fp16 = 1u << 18, sve = 1u << 19;
/// By the number of their bit.
inline constexpr const char* names[] = {
    "sse3",    "ssse3",    "sse4.1",     "sse4.2",     "avx",        "f16c",       "fma",     "bmi2", "avx2", "avxvnni",
    "avx512f", "avx512bw", "avx512vnni", "avx512vbmi", "avx512bf16", "avx512fp16", "dotprod", "i8mm", "fp16", "sve"};

/// All that this translation unit's compiler may use.
inline constexpr features native =
    sse3 * EQUANT_K_SSE3 | ssse3 * EQUANT_K_SSSE3 | sse41 * EQUANT_K_SSE41 | sse42 * EQUANT_K_SSE42 |
    avx * EQUANT_K_AVX | f16c * EQUANT_K_F16C | fma * EQUANT_K_FMA | bmi2 * EQUANT_K_BMI2 | avx2 * EQUANT_K_AVX2 |
    avxvnni * EQUANT_K_AVXVNNI | avx512f * EQUANT_K_512F | avx512bw * EQUANT_K_512BW |
    avx512vnni * EQUANT_K_512VNNI | avx512vbmi * EQUANT_K_512VBMI | avx512bf16 * EQUANT_K_512BF16 |
    avx512fp16 * EQUANT_K_512FP16 | dotprod * EQUANT_K_DOTPROD | i8mm * EQUANT_K_I8MM | fp16 * EQUANT_K_ARMFP16 |
    sve * EQUANT_K_SVE;

#if defined(__x86_64__)

/// What the CPU has and the operating system keeps when it switches threads.
inline features detect() noexcept {
  struct registers {
    unsigned a = 0, b = 0, c = 0, d = 0;
    bool known;
    registers(unsigned leaf, unsigned subleaf) : known(__get_cpuid_count(leaf, subleaf, &a, &b, &c, &d) != 0) {}
  };
  const auto bit = [](unsigned word, int i) { return (word >> i & 1u) != 0; };
  const registers one(1, 0), seven(7, 0), more(7, 1);
  unsigned kept = 0;
  if (bit(one.c, 27)) {
    unsigned high = 0;
    asm("xgetbv" : "=a"(kept), "=d"(high) : "c"(0));
  }
  const bool ymm = (kept & 0x06u) == 0x06u, zmm = (kept & 0xe6u) == 0xe6u;
  features f = 0;
  const auto add = [&f](features what, bool there) { f |= there ? what : 0; };
  add(sse3, bit(one.c, 0));
  add(ssse3, bit(one.c, 9));
  add(sse41, bit(one.c, 19));
  add(sse42, bit(one.c, 20));
  add(avx, ymm && bit(one.c, 28));
  add(f16c, ymm && bit(one.c, 29));
  add(fma, ymm && bit(one.c, 12));
  add(bmi2, bit(seven.b, 8));
  add(avx2, ymm && bit(seven.b, 5));
  add(avxvnni, ymm && seven.a >= 1 && bit(more.a, 4));
  add(avx512f, zmm && bit(seven.b, 16));
  add(avx512bw, zmm && bit(seven.b, 17) && bit(seven.b, 30) && bit(seven.b, 31));
  add(avx512vnni, zmm && bit(seven.c, 11));
  add(avx512vbmi, zmm && bit(seven.c, 1));
  add(avx512bf16, zmm && seven.a >= 1 && bit(more.a, 5));
  add(avx512fp16, zmm && bit(seven.d, 23));
  return f;
}

#elif defined(__aarch64__) && defined(__linux__)

inline features detect() noexcept {
  const unsigned long one = getauxval(AT_HWCAP), two = getauxval(AT_HWCAP2);
  features f = 0;
  const auto add = [&f](features what, bool there) { f |= there ? what : 0; };
  add(fp16, (one >> 10 & 1) != 0);
  add(dotprod, (one >> 20 & 1) != 0);
  add(sve, (one >> 22 & 1) != 0);
  add(i8mm, (two >> 13 & 1) != 0);
  return f;
}

#else

/// There is nobody to ask: what the compiler was told is believed.
inline features detect() noexcept { return native; }

#endif

/// What of `needed` this CPU lacks.
inline features missing(features needed) noexcept {
  static const features there = detect();
  return needed & ~there;
}

template <class Isa>
inline constexpr features needed_by = needed_by<typename Isa::base>;
template <>
inline constexpr features needed_by<isa::portable> = 0;
template <>
inline constexpr features needed_by<isa::avx2> = avx | avx2 | fma | f16c;
template <>
inline constexpr features needed_by<isa::avx512vnni> = needed_by<isa::avx2> | avx512f | avx512bw | avx512vnni;
template <>
inline constexpr features needed_by<isa::neondot> = dotprod;

}  // namespace cpu

namespace isa {

/// Whether this CPU has an instruction set.
template <class Isa = native>
bool supported() noexcept {
  return cpu::missing(cpu::needed_by<Isa>) == 0;
}
/// The 256-bit byte products are there in either encoding.
template <>
inline bool supported<avxvnni>() noexcept {
  return supported<avx2>() && (cpu::missing(cpu::avxvnni) == 0 || cpu::missing(cpu::needed_by<avx512vnni>) == 0);
}

}  // namespace isa

/// Whether this CPU has all that this translation unit was compiled for.
inline bool cpu_supports_native() noexcept { return isa::supported<>() && cpu::missing(cpu::native) == 0; }

}  // namespace equant::inline EQUANT_ABI
