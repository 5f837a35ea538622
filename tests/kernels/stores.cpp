// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"

#include <equant/kernels/fake_quantize.hpp>

namespace {

using namespace equant;

constexpr affine map{0.03f, 5};
constexpr run_parameters<affine> p{&map.scale, &map.zero_point, 0, 0};

/// f writes n results of type Out, `bytes` off a line's boundary; held to what g writes elsewhere. Nothing is written
/// beside them.
template <class Out, class F, class G>
void check(index_t n, index_t bytes, F f, G g) {
  std::vector<Out> expected(static_cast<std::size_t>(n));
  g(expected.data());
  const auto size = static_cast<std::size_t>(n) * sizeof(Out);
  std::vector<unsigned char> memory(size + 256, 0xa5);
  const auto to_line = -reinterpret_cast<std::uintptr_t>(memory.data() + 64) & 63;
  unsigned char* start = memory.data() + 64 + to_line + bytes;
  f(reinterpret_cast<Out*>(start));
  INFO(n << " results of " << sizeof(Out) << " bytes, " << bytes << " bytes off a line");
  CHECK((size == 0 || std::memcmp(start, expected.data(), size) == 0));
  const auto untouched = [](unsigned char c) { return c == 0xa5; };
  CHECK(std::all_of(memory.data(), start, untouched));
  CHECK(std::all_of(start + size, memory.data() + memory.size(), untouched));
}

template <class Isa>
void check_all(index_t n, index_t offset) {
  const auto x = builders::uniform<float>(n, -5, 5, static_cast<std::uint64_t>(n));
  const auto half = (n + 1) / 2;
  const float* from = x.data();
  const arithmetic<> rules;
  const auto quantized_to = [&](auto range, auto wrap) {
    return [=](auto* to) { kernels::quantize<Isa>(rules, from, n, p, range, wrap(to)); };
  };
  const auto plain = [](auto* to) { return to; };
  const auto past = [](auto* to) { return streamed<decltype(to)>{to}; };
  const auto pairs = [](std::uint8_t* to) { return nibbles<std::uint8_t>{to}; };
  const auto pairs_past = [](std::uint8_t* to) { return streamed<nibbles<std::uint8_t>>{{to}}; };
  check<std::uint8_t>(n, offset, quantized_to(int8::range, past), quantized_to(int8::range, plain));
  check<std::uint16_t>(n, offset * 2 % 64, quantized_to(uint12::range, past), quantized_to(uint12::range, plain));
  check<std::uint8_t>(half, offset, quantized_to(int4::range, pairs_past), quantized_to(int4::range, pairs));

  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(n));
  std::vector<std::uint16_t> words(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) words[i] = bytes[i] = static_cast<std::uint8_t>(i * 37);
  const auto real_from = [&](auto codes, auto wrap) {
    return [=](float* to) { kernels::dequantize<Isa>(codes, n, p, 128, wrap(to)); };
  };
  const index_t floats_off = offset % 16 * 4;
  const std::uint8_t* from8 = bytes.data();
  const std::uint16_t* from16 = words.data();
  const nibbles<const std::uint8_t> from4{bytes.data()};
  check<float>(n, floats_off, real_from(from8, past), real_from(from8, plain));
  check<float>(n, floats_off, real_from(from16, past), real_from(from16, plain));
  check<float>(n, floats_off, real_from(from4, past), real_from(from4, plain));

  const auto fake_to = [&](auto wrap) {
    return [=](float* to) { kernels::fake_quantize<Isa>(rules, from, n, p, int8::range, wrap(to)); };
  };
  check<float>(n, floats_off, fake_to(past), fake_to(plain));
}

}  // namespace

// The plain form is held to an oracle elsewhere.
TEMPLATE_LIST_TEST_CASE("kernels: a streamed result is the same, and no byte more", "[kernels]", isa::compiled) {
  for (index_t n = 0; n <= 200; ++n) check_all<TestType>(n, n * 7 % 64);
  for (index_t offset = 0; offset < 64; ++offset) check_all<TestType>(701, offset);
}

TEMPLATE_LIST_TEST_CASE("kernels: a streamed result of doubles, or of other steps, is the plain one", "[kernels]",
                        isa::compiled) {
  const std::vector<double> x = builders::uniform<double>(100, -5, 5);
  std::vector<std::uint8_t> a(100), b(100);
  kernels::quantize<TestType>(arithmetic<>{}, x.data(), 100, p, int8::range, a.data());
  kernels::quantize<TestType>(arithmetic<>{}, x.data(), 100, p, int8::range, streamed<std::uint8_t*>{b.data()});
  CHECK(a == b);
  const std::vector<float> narrow(x.begin(), x.end());
  const std::vector<std::int32_t> zeros(100, 3);
  const run_parameters<affine> odd{&map.scale, zeros.data(), 0, 1};
  kernels::quantize<TestType>(arithmetic<>{}, narrow.data(), 100, odd, int8::range, a.data());
  kernels::quantize<TestType>(arithmetic<>{}, narrow.data(), 100, odd, int8::range, streamed<std::uint8_t*>{b.data()});
  CHECK(a == b);
}

TEST_CASE("kernels: what is streamed is large, in long lines", "[kernels]") {
  CHECK(stores_for(index_t{64} << 20, 1 << 20) == stores::streamed);
  CHECK(stores_for(index_t{64} << 20, 100) == stores::cached);
  CHECK(stores_for(index_t{1} << 20, 1 << 20) == stores::cached);
}
