// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/core/conventions.hpp>
#include <equant/quantizers/code_lines.hpp>

#include <algorithm>

namespace {

using namespace equant;
using rules = rules_of<convention::standard, affine>;

/// Lines of these lengths written one after the other are the stream whose every code is that of its value alone.
template <class Format>
void lines_meet_in_the_middle_of_bytes() {
  INFO(Format::bits << " bits");
  const affine map{0.25f, Format::range.lowest + 1};
  const run_parameters<affine> p{&map.scale, &map.zero_point, 0, 0, nullptr};
  const double middle = 0.25 * (0.5 * (Format::range.lowest + Format::range.highest) - map.zero_point);
  const double half = 0.125 * (Format::range.highest - Format::range.lowest) + 1;
  const index_t lengths[] = {1, 2, 3, 7, 0, 8, 255, 256, 257, 511, 4, 700};
  index_t count = 0;
  for (index_t n : lengths) count += n;
  const std::vector<float> x = builders::uniform<float>(count, middle - half, middle + half);

  builders::guarded<std::uint8_t> stream(static_cast<index_t>(packed_size(count, Format::bits)));
  if (count > 0) stream.data()[packed_size(count, Format::bits) - 1] = 0;
  index_t at = 0;
  for (index_t n : lengths) {
    const builders::exact_copy<float> line(x.data() + at, n);
    code_lines::encode(rules{}, Format{}, stream.data(), at, line.data(), n, p);
    at += n;
  }
  CHECK(stream.intact());
  index_t wrong = 0;
  for (index_t i = 0; i < count; ++i) {
    const double steps = std::nearbyint(static_cast<double>(x[static_cast<std::size_t>(i)]) / 0.25) + map.zero_point;
    const double code = std::clamp<double>(steps, Format::range.lowest, Format::range.highest);
    wrong += Format::value(get_code<Format::bits>(stream.data(), i)) != static_cast<int>(code);
  }
  CHECK(wrong == 0);

  at = 0;
  for (index_t n : lengths) {
    builders::guarded<float> y(n);
    code_lines::decode(Format{}, stream.data(), at, n, p, y.data());
    CHECK(y.intact());
    for (index_t i = 0; i < n; ++i) {
      const int code = Format::value(get_code<Format::bits>(stream.data(), at + i));
      wrong += y.data()[i] != 0.25f * static_cast<float>(code - map.zero_point);
    }
    at += n;
  }
  CHECK(wrong == 0);
}

template <class... Format>
void for_each(formats::list<Format...>) {
  (lines_meet_in_the_middle_of_bytes<Format>(), ...);
}

}  // namespace

TEST_CASE("code_lines: lines that begin and end inside a byte, every integer") { for_each(formats::integers{}); }

TEST_CASE("code_lines: chunks never split a byte of the stream") {
  for (index_t n : {0, 1, 255, 256, 257, 1000}) {
    index_t next = 0;
    code_lines::in_chunks<int3>(n, [&](std::uint8_t*, index_t first, index_t count) {
      CHECK(first == next);
      CHECK(first % 8 == 0);
      CHECK(count > 0);
      next += count;
    });
    CHECK(next == n);
  }
}

TEST_CASE("code_lines: a format that is no integer") {
  const affine map{2.0f, 0};
  const run_parameters<affine> p{&map.scale, &map.zero_point, 0, 0, nullptr};
  const std::vector<float> x = {1, -1, 5, -0.5f, 3, -7, 0.25f, 2, -3};
  std::uint8_t stream[2] = {0, 0};
  code_lines::encode(rules{}, int1{}, stream, 0, x.data(), 9, p);
  std::vector<float> y(9);
  code_lines::decode(int1{}, stream, 0, 9, p, y.data());
  CHECK(y == std::vector<float>{2, -2, 2, -2, 2, -2, 2, 2, -2});
}
