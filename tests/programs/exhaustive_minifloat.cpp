// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "formats/nearest.hpp"

#include <equant/formats/minifloat.hpp>

#include <cstdio>

/// The minifloats' encoders on all 2^32 floats, held to the levels of the golden tables.
namespace {

using namespace equant;

template <class Format>
bool check(const char* file) {
  const std::vector<double> levels = nearest::levels(file);
  std::vector<std::uint32_t> steps = nearest::steps(levels);
  steps.push_back(0xffffffffu);
  std::uint32_t expected = 0;
  for (std::uint32_t word = 0; word < 0x80000000u; ++word) {
    while (word >= steps[expected]) ++expected;
    if (word > 0x7f800000u) expected = 0;  // NaN
    const std::uint32_t sign = word > 0x7f800000u ? 0 : 1u << (Format::bits - 1);
    const std::uint32_t plus = Format::encode(std::bit_cast<float>(word));
    const std::uint32_t minus = Format::encode(std::bit_cast<float>(word | 0x80000000u));
    if (plus != expected || minus != (expected | sign)) {
      std::printf("%s: %08x became %x and %x, expected %x\n", file, word, plus, minus, expected);
      return false;
    }
  }
  std::printf("%s: all floats go to the nearest\n", file);
  return true;
}

}  // namespace

int main() {
  const bool right[] = {check<fp8_e4m3>("decode_e4m3fn.npy"), check<fp8_e5m2>("decode_e5m2.npy"),
                        check<fp6_e3m2>("decode_e3m2.npy"), check<fp6_e2m3>("decode_e2m3.npy"),
                        check<fp4_e2m1>("decode_e2m1.npy")};
  for (bool r : right) {
    if (!r) return 1;
  }
  return 0;
}
