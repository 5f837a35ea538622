// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// A small program for every way in: built by FetchContent under two language standards, and by hand with pkg-config.
#include <equant/core/version.hpp>
#include <equant/equant.hpp>

#include <cstdio>

#ifdef NEWER_THAN
static_assert(__cplusplus > NEWER_THAN);
#endif

int main() {
  using namespace equant;
  const std::array x{-1.0f, -0.5f, 0.25f, 1.0f};
  const auto q = quantize<int8>(x, symmetric);
  std::printf("equant %d.%d.%d, C++ %ld: code %d\n", EQUANT_VERSION_MAJOR, EQUANT_VERSION_MINOR, EQUANT_VERSION_PATCH,
              __cplusplus, int{q.code(2)});
  return q.scale() == 1.0f / 127 && q.code(2) == 32 ? 0 : 1;
}
