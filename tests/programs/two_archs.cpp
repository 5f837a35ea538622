// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "arch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

int main() {
  if (!__builtin_cpu_supports("avx2")) {
    std::puts("SKIPPED: this CPU has no AVX2");
    return 0;
  }
  std::vector<float> x(1000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.37f * static_cast<float>(i) - 100;
  std::vector<std::uint8_t> a(x.size()), b(x.size());
  baseline::quantize(x, 0.9f, 100, a);
  v3::quantize(x, 0.9f, 100, b);
  // Codes of one unit are read by the other.
  std::vector<float> c(x.size()), d(x.size());
  v3::dequantize(a.data(), a.size(), 0.9f, 100, c.data());
  baseline::dequantize(b.data(), b.size(), 0.9f, 100, d.data());
  bool near = c == d;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float inside = std::clamp(x[i], -90.0f, 139.5f);  // what 256 codes reach
    near = near && std::abs(c[i] - inside) <= 0.4501f;
  }
  const bool apart = std::strcmp(baseline::isa(), "portable") == 0 && std::strcmp(v3::isa(), "avx2") == 0;
  std::printf("%s and %s, codes %s, reals %s\n", baseline::isa(), v3::isa(), a == b ? "equal" : "differ",
              near ? "equal and near" : "differ");
  return apart && a == b && near ? 0 : 1;
}
