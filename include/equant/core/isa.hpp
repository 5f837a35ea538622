// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

/// Instruction sets as types, and the only file that reads the compiler's own macros.
///
/// A tag has a name and a base; a kernel that is not specialised for a tag is inherited from the base, so a new
/// instruction set is complete on its first day. `EQUANT_ISA` (say `-DEQUANT_ISA=portable`) picks a lower one.

// What the compiler was told it may use. x86-64-v3 machines have all three of the first group.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
    defined(__AVX512VNNI__) && defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define EQUANT_TARGET_ISA avx512vnni
#elif defined(__AVXVNNI__) && defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define EQUANT_TARGET_ISA avxvnni
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define EQUANT_TARGET_ISA avx2
#elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#define EQUANT_TARGET_ISA neondot
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define EQUANT_TARGET_ISA neon
#else
#define EQUANT_TARGET_ISA portable
#endif

// Which leaves are compiled: those of the target, or of the lower one that EQUANT_ISA asks for.
#define EQUANT_LEVEL_portable 0
#define EQUANT_LEVEL_avx2 1
#define EQUANT_LEVEL_avxvnni 2
#define EQUANT_LEVEL_avx512vnni 3
#define EQUANT_LEVEL_neon 11
#define EQUANT_LEVEL_neondot 12
#define EQUANT_JOIN2_(a, b) a##b
#define EQUANT_JOIN2(a, b) EQUANT_JOIN2_(a, b)
#ifndef EQUANT_ISA
#define EQUANT_ISA EQUANT_TARGET_ISA
#endif
#define EQUANT_LEVEL EQUANT_JOIN2(EQUANT_LEVEL_, EQUANT_ISA)
#define EQUANT_TARGET_LEVEL EQUANT_JOIN2(EQUANT_LEVEL_, EQUANT_TARGET_ISA)
#if EQUANT_LEVEL > EQUANT_TARGET_LEVEL || (EQUANT_LEVEL > 0 && EQUANT_LEVEL / 10 != EQUANT_TARGET_LEVEL / 10)
#error "EQUANT_ISA asks for more than the compiler's -march gives"
#endif
#define EQUANT_HAS_AVX2 (EQUANT_LEVEL >= EQUANT_LEVEL_avx2 && EQUANT_LEVEL < EQUANT_LEVEL_neon)
#define EQUANT_HAS_AVXVNNI (EQUANT_LEVEL >= EQUANT_LEVEL_avxvnni && EQUANT_LEVEL < EQUANT_LEVEL_neon)
#define EQUANT_HAS_AVX512VNNI (EQUANT_LEVEL >= EQUANT_LEVEL_avx512vnni && EQUANT_LEVEL < EQUANT_LEVEL_neon)
#define EQUANT_HAS_NEON (EQUANT_LEVEL >= EQUANT_LEVEL_neon)
#define EQUANT_HAS_NEONDOT (EQUANT_LEVEL >= EQUANT_LEVEL_neondot)

// Every flag that changes the code a compiler makes of our templates becomes a digit of the inline namespace that
// holds all of equant: translation units with different -march then link without one body standing in for the other.
#ifdef __SSE3__
#define EQUANT_K_SSE3 1
#else
#define EQUANT_K_SSE3 0
#endif
#ifdef __SSSE3__
#define EQUANT_K_SSSE3 1
#else
#define EQUANT_K_SSSE3 0
#endif
#ifdef __SSE4_1__
#define EQUANT_K_SSE41 1
#else
#define EQUANT_K_SSE41 0
#endif
#ifdef __SSE4_2__
#define EQUANT_K_SSE42 1
#else
#define EQUANT_K_SSE42 0
#endif
#ifdef __AVX__
#define EQUANT_K_AVX 1
#else
#define EQUANT_K_AVX 0
#endif
#ifdef __F16C__
#define EQUANT_K_F16C 1
#else
#define EQUANT_K_F16C 0
#endif
#ifdef __FMA__
#define EQUANT_K_FMA 1
#else
#define EQUANT_K_FMA 0
#endif
#ifdef __BMI2__
#define EQUANT_K_BMI2 1
#else
#define EQUANT_K_BMI2 0
#endif
#ifdef __AVX2__
#define EQUANT_K_AVX2 1
#else
#define EQUANT_K_AVX2 0
#endif
#ifdef __AVXVNNI__
#define EQUANT_K_AVXVNNI 1
#else
#define EQUANT_K_AVXVNNI 0
#endif
#ifdef __AVX512F__
#define EQUANT_K_512F 1
#else
#define EQUANT_K_512F 0
#endif
#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define EQUANT_K_512BW 1
#else
#define EQUANT_K_512BW 0
#endif
#ifdef __AVX512VNNI__
#define EQUANT_K_512VNNI 1
#else
#define EQUANT_K_512VNNI 0
#endif
#ifdef __AVX512VBMI__
#define EQUANT_K_512VBMI 1
#else
#define EQUANT_K_512VBMI 0
#endif
#ifdef __AVX512BF16__
#define EQUANT_K_512BF16 1
#else
#define EQUANT_K_512BF16 0
#endif
#ifdef __AVX512FP16__
#define EQUANT_K_512FP16 1
#else
#define EQUANT_K_512FP16 0
#endif
#ifdef __ARM_FEATURE_DOTPROD
#define EQUANT_K_DOTPROD 1
#else
#define EQUANT_K_DOTPROD 0
#endif
#ifdef __ARM_FEATURE_MATMUL_INT8
#define EQUANT_K_I8MM 1
#else
#define EQUANT_K_I8MM 0
#endif
#ifdef __ARM_FEATURE_FP16_VECTOR_ARITHMETIC
#define EQUANT_K_ARMFP16 1
#else
#define EQUANT_K_ARMFP16 0
#endif
#ifdef __ARM_FEATURE_SVE
#define EQUANT_K_SVE 1
#else
#define EQUANT_K_SVE 0
#endif
#ifdef __FAST_MATH__
#define EQUANT_K_FAST 1
#else
#define EQUANT_K_FAST 0
#endif
#ifdef __cpp_exceptions
#define EQUANT_K_THROWS 1
#else
#define EQUANT_K_THROWS 0
#endif

#define EQUANT_JOIN4_(a, b, c, d) a##b##c##d
#define EQUANT_JOIN4(a, b, c, d) EQUANT_JOIN4_(a, b, c, d)
#define EQUANT_ABI                                                                                 \
  EQUANT_JOIN4(                                                                                    \
      EQUANT_JOIN4(on_, EQUANT_ISA, _,                                                             \
                   EQUANT_JOIN4(EQUANT_K_SSE3, EQUANT_K_SSSE3, EQUANT_K_SSE41, EQUANT_K_SSE42)),   \
      EQUANT_JOIN4(EQUANT_K_AVX, EQUANT_K_F16C, EQUANT_K_FMA,                                      \
                   EQUANT_JOIN4(EQUANT_K_BMI2, EQUANT_K_AVX2, EQUANT_K_AVXVNNI, EQUANT_K_512F)),   \
      EQUANT_JOIN4(EQUANT_K_512BW, EQUANT_K_512VNNI, EQUANT_K_512VBMI,                             \
                   EQUANT_JOIN4(EQUANT_K_512BF16, EQUANT_K_512FP16, EQUANT_K_DOTPROD,              \
                                EQUANT_K_I8MM)),                                                   \
      EQUANT_JOIN4(EQUANT_K_ARMFP16, EQUANT_K_SVE, EQUANT_K_FAST, EQUANT_K_THROWS))

namespace equant::inline EQUANT_ABI::isa {

/// Plain C++, the specification every other instruction set equals bit for bit.
struct portable {
  static constexpr const char* name = "portable";
};

/// x86-64-v3: AVX2, FMA and F16C.
struct avx2 : portable {
  using base = portable;
  static constexpr const char* name = "avx2";
};

/// Byte dot products in 256 bits, as most laptops since 2021 have them; machines with AVX-512 VNNI hold these tiles
/// too, through AVX512VL.
struct avxvnni : avx2 {
  using base = avx2;
  static constexpr const char* name = "avxvnni";
};

/// AVX-512 with BW, DQ, VL and VNNI: servers since Ice Lake, and Zen 4.
struct avx512vnni : avxvnni {
  using base = avxvnni;
  static constexpr const char* name = "avx512vnni";
};

/// Every 64-bit ARM.
struct neon : portable {
  using base = portable;
  static constexpr const char* name = "neon";
};

/// ARMv8.2 and later: byte dot products, and byte matrix products (i8mm) where the compiler may use them.
struct neondot : neon {
  using base = neon;
  static constexpr const char* name = "neondot";
};

/// What this translation unit was compiled for: the default of every kernel.
using native = EQUANT_ISA;

template <class... Isa>
struct list {};

/// Every instruction set this translation unit holds kernels for, lowest first: typed tests run over it.
#if EQUANT_HAS_AVX512VNNI
using compiled = list<portable, avx2, avxvnni, avx512vnni>;
#elif EQUANT_HAS_AVXVNNI
using compiled = list<portable, avx2, avxvnni>;
#elif EQUANT_HAS_AVX2
using compiled = list<portable, avx2>;
#elif EQUANT_HAS_NEONDOT
using compiled = list<portable, neon, neondot>;
#elif EQUANT_HAS_NEON
using compiled = list<portable, neon>;
#else
using compiled = list<portable>;
#endif

}  // namespace equant::inline EQUANT_ABI::isa
