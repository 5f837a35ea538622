// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/archive.hpp>

#include "core/says.hpp"

#include <limits>
#include <vector>

using namespace equant;
using namespace std::string_literals;

namespace {

/// A state with every kind of field.
std::string sample() {
  archive_writer out("probe", 3);
  out.word(0x0102030405060708u);
  out.integer(-2);
  out.real(-0.15625);
  out.text("ab\0c"s);
  return std::move(out).take();
}

/// The same, byte by byte: eight bytes a number, the lowest first; texts behind their length.
const std::string sample_bytes = "\5\0\0\0\0\0\0\0probe"s + "\3\0\0\0\0\0\0\0"s +
                                 "\10\7\6\5\4\3\2\1"s + "\xfe\xff\xff\xff\xff\xff\xff\xff"s +
                                 "\0\0\0\0\0\0\xc4\xbf"s +  // -1.25 * 2^-3: bfc4...
                                 "\4\0\0\0\0\0\0\0ab\0c"s;

void read_all(std::string_view bytes) {
  archive_reader in(bytes, "probe", 3);
  in.word();
  in.integer();
  in.real();
  in.text();
  in.finish();
}

}  // namespace

TEST_CASE("archive: the bytes are the same on every machine") { CHECK(sample() == sample_bytes); }

TEST_CASE("archive: what was written is read back") {
  const std::string bytes = sample();
  archive_reader in(bytes, "probe", 3);
  CHECK(in.word() == 0x0102030405060708u);
  CHECK(in.integer() == -2);
  CHECK(in.real() == -0.15625);
  CHECK(in.text() == "ab\0c"s);
  CHECK_NOTHROW(in.finish());
}

TEST_CASE("archive: numbers keep every bit") {
  archive_writer out("", 0);
  const double reals[] = {0.1, -0.0, 5e-324, std::numeric_limits<double>::max(),
                          -std::numeric_limits<double>::infinity()};
  for (double x : reals) out.real(x);
  out.real(std::numeric_limits<double>::quiet_NaN());
  out.integer(std::numeric_limits<std::int64_t>::min());
  out.word(std::numeric_limits<std::uint64_t>::max());
  out.text("");
  const std::string bytes = std::move(out).take();

  archive_reader in(bytes, "", 0);
  for (double x : reals) {
    CHECK(std::bit_cast<std::uint64_t>(in.real()) == std::bit_cast<std::uint64_t>(x));
  }
  const double nan = in.real();
  CHECK(nan != nan);
  CHECK(in.integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(in.word() == std::numeric_limits<std::uint64_t>::max());
  CHECK(in.text().empty());
  CHECK_NOTHROW(in.finish());
}

TEST_CASE("archive: a state that ends anywhere too early is refused") {
  REQUIRE_NOTHROW(read_all(sample_bytes));
  for (std::size_t size = 0; size < sample_bytes.size(); ++size) {
    CAPTURE(size);
    // A copy of exactly this size, so that reading behind it is seen.
    const std::vector<char> cut(sample_bytes.data(), sample_bytes.data() + size);
    CHECK_THROWS_AS(read_all({cut.data(), cut.size()}), std::runtime_error);
  }
  CHECK_THROWS_WITH(read_all(std::string_view(sample_bytes).substr(0, 25)),
                    says("probe") && says("offset 21") && says("ends too early"));
}

TEST_CASE("archive: a state of another kind or version is refused, and says which") {
  CHECK_THROWS_WITH(archive_reader(sample_bytes, "min_max", 3),
                    says("saved state of min_max") && says("'probe'"));
  CHECK_THROWS_WITH(archive_reader(sample_bytes, "probe", 4),
                    says("version 3") && says("version 4"));
  CHECK_THROWS_AS(archive_reader(sample_bytes, "probe", 4), std::runtime_error);
}

TEST_CASE("archive: nothing may follow the state") {
  CHECK_THROWS_WITH(read_all(sample_bytes + "xyz"), says("3 bytes too many"));
}

TEST_CASE("archive: a text longer than what is left is refused, however long it says it is") {
  for (std::uint64_t size : {4ull, 1ull << 32, ~0ull, ~0ull - 7}) {
    archive_writer out("", 0);
    out.word(size);
    const std::string bytes = std::move(out).take() + "abc";
    archive_reader in(bytes, "", 0);
    CHECK_THROWS_AS(in.text(), std::runtime_error);
  }
}

TEST_CASE("archive: a reader's own complaint names the kind and the offset") {
  const archive_reader in(sample_bytes, "probe", 3);
  CHECK_THROWS_WITH(in.fail("rank ", 17), says("equant: saved state of probe, offset 21: rank 17"));
}
