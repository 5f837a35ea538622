// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// What a debugger is shown: stopped in `shown`, with everything of interest in its arguments.
#include <equant/formats/integer.hpp>
#include <equant/formats/minifloat.hpp>
#include <equant/storage/quantized.hpp>

using namespace equant;

using table = quantized<integer<8>, 3>;

int shown(const quantized<integer<4>>& signed_codes, const quantized<unsigned_integer<3>>& rows, const table& literal,
          const quantized<fp4_e2m1>& floats, const shape& sizes) {
  return signed_codes.count() == rows.count() && literal.count() == floats.count() && sizes.rank == 3 ? 0 : 1;
}

int main() {
  quantized<integer<4>> a(shape{2, 3}, axis_order::column_major(2), affine{0.5f, -1});
  quantized<unsigned_integer<3>> b(shape{2, 3}, axis_order::row_major(),
                                   {blocking{{1, blocking::whole}}, {0.25f, 2.0f}, {3, 4}});
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 3; ++column) {
      const int n = 3 * row + column;  // its number in row-major order
      put_code<4>(a.bytes().data(), row + 2 * column, integer<4>::to_word(n - 3));
      put_code<3>(b.bytes().data(), n, unsigned_integer<3>::to_word(n));
    }
  }
  quantized<fp4_e2m1> f(shape{3}, axis_order::row_major(), affine{8.0f, 0});
  for (int i = 0; i < 3; ++i) put_code<4>(f.bytes().data(), i, static_cast<std::uint8_t>(5 * i));
  return shown(a, b, table({1, 2, 0xff}, affine{2.0f, 0}), f, shape{7, 8, 9});
}
