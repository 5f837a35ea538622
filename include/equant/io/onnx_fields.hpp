// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <protozero/pbf_reader.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace equant::inline EQUANT_ABI::io::onnx::reading {

/// The fields of a message, one after the other. A field of another wire type than the one asked for is refused, like
/// all that protozero finds wrong.
class fields {
 public:
  explicit fields(std::string_view bytes) : in_(bytes.data(), bytes.size()) {}

  bool next() { return in_.next(); }
  std::uint32_t tag() const { return in_.tag(); }
  void skip() { in_.skip(); }

  std::int64_t integer() {
    want(protozero::pbf_wire_type::varint);
    return in_.get_int64();
  }
  float real() {
    want(protozero::pbf_wire_type::fixed32);
    return in_.get_float();
  }
  std::string_view bytes() {
    want(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = in_.get_view();
    return {view.data(), view.size()};
  }
  std::string text() { return std::string(bytes()); }
  fields message() { return fields(bytes()); }

  /// Repeated numbers, packed or one by one.
  template <class F>
  void integers(F&& f) {
    if (!packed()) return f(integer());
    for (std::int64_t x : in_.get_packed_int64()) f(x);
  }
  template <class F>
  void reals(F&& f) {
    if (!packed()) return f(real());
    for (float x : in_.get_packed_float()) f(x);
  }
  template <class F>
  void doubles(F&& f) {
    if (packed()) {
      for (double x : in_.get_packed_double()) f(x);
    } else {
      want(protozero::pbf_wire_type::fixed64);
      f(in_.get_double());
    }
  }

 private:
  bool packed() const { return in_.wire_type() == protozero::pbf_wire_type::length_delimited; }
  void want(protozero::pbf_wire_type type) const {
    if (in_.wire_type() != type) throw protozero::unknown_pbf_wire_type_exception{};
  }

  protozero::pbf_reader in_;
};

}  // namespace equant::inline EQUANT_ABI::io::onnx::reading
