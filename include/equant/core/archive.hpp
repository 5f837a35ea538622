// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

/// The form in which state leaves a process: little-endian, exact, the same bytes on every machine.
namespace equant::inline EQUANT_ABI {

class archive_writer {
 public:
  /// Starts with what follows and the version of its layout.
  archive_writer(std::string_view kind, std::uint32_t version) {
    text(kind);
    word(version);
  }

  void word(std::uint64_t value) { put(field::word, value); }
  void integer(std::int64_t value) { put(field::integer, static_cast<std::uint64_t>(value)); }
  void real(double value) { put(field::real, std::bit_cast<std::uint64_t>(value)); }
  void text(std::string_view value) {
    put(field::text, value.size());
    bytes_ += value;
  }

  std::string take() && { return std::move(bytes_); }

  /// What was written, in order, each as a char, for those who give it another form.
  enum class field : char { word, integer, real, text };
  const std::string& fields() const { return fields_; }

 private:
  void put(field kind, std::uint64_t value) {
    fields_ += static_cast<char>(kind);
    for (int i = 0; i < 8; ++i) bytes_ += static_cast<char>((value >> (8 * i)) & 255);
  }

  std::string bytes_;
  std::string fields_;
};

/// Reads what an archive_writer wrote; anything else is refused with the offset at which it stops making sense.
class archive_reader {
 public:
  archive_reader(std::string_view bytes, std::string_view kind, std::uint32_t version)
      : bytes_(bytes), kind_(kind) {
    const std::string found = text();
    if (found != kind) fail("holds '", found.substr(0, 40), "'");
    const std::uint64_t v = word();
    if (v != version) fail("has version ", v, ", this library reads version ", version);
  }

  std::uint64_t word() {
    if (bytes_.size() - at_ < 8) fail("ends too early");
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[at_++])} << (8 * i);
    }
    return value;
  }
  std::int64_t integer() { return static_cast<std::int64_t>(word()); }
  double real() { return std::bit_cast<double>(word()); }
  std::string text() {
    const std::uint64_t size = word();
    if (size > bytes_.size() - at_) fail("ends too early");
    const std::string value(bytes_.substr(at_, size));
    at_ += size;
    return value;
  }

  /// Nothing may follow the state.
  void finish() const {
    if (at_ != bytes_.size()) fail("has ", bytes_.size() - at_, " bytes too many");
  }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    contract::bad_data("saved state of ", kind_, ", offset ", at_, ": ", parts...);
  }

 private:
  std::string_view bytes_;
  std::string_view kind_;
  std::size_t at_ = 0;
};

}  // namespace equant::inline EQUANT_ABI
