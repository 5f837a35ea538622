// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/fake_quantize.hpp>
#include <equant/kernels/neon/vectors.hpp>

namespace equant::inline EQUANT_ABI::kernels {

/// Integer grids in float; everything else is inherited.
template <>
struct fake_quantize_on<isa::neon> : fake_quantize_on<isa::portable> {
  using base = fake_quantize_on<isa::portable>;
  using base::run;

  template <class Rules, neon::float_map Map>
  static void run(Rules rules, const float* x, index_t n, run_parameters<Map> p, code_range range,
                  float* y) noexcept {
    const index_t done = neon::with_lanes(p, [&](const auto& lanes) {
      index_t i = 0;
      for (; i + 8 <= n; i += 8) {
        const int32x4_t a = neon::codes<Rules>(x, i, lanes, range), b = neon::codes<Rules>(x, i + 4, lanes, range);
        vst1q_f32(y + i, neon::real(a, i, lanes));
        vst1q_f32(y + i + 4, neon::real(b, i + 4, lanes));
      }
      return i;
    });
    base::run(rules, x + done, n - done, p.from(done), range, y + done);
  }
};

}  // namespace equant::inline EQUANT_ABI::kernels
