// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <bit>
#include <cstring>
#include <string>
#include <vector>

/// What an ONNX file holds, as plain structs with ONNX's own names: https://onnx.ai/onnx/repo-docs/IR.html.
namespace equant::inline EQUANT_ABI::io::onnx {

enum class data_type : std::int32_t {
  none = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  text = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  bfloat16 = 16,
  uint4 = 21,
  int4 = 22
};

/// Bits of an element; 0 for types that are not read.
constexpr int bits_of(data_type t) {
  switch (t) {
    case data_type::uint4:
    case data_type::int4: return 4;
    case data_type::uint8:
    case data_type::int8:
    case data_type::boolean: return 8;
    case data_type::uint16:
    case data_type::int16:
    case data_type::float16:
    case data_type::bfloat16: return 16;
    case data_type::float32:
    case data_type::int32:
    case data_type::uint32: return 32;
    case data_type::int64:
    case data_type::float64:
    case data_type::uint64: return 64;
    default: return 0;
  }
}

constexpr const char* name_of(data_type t) {
  switch (t) {
    case data_type::float32: return "float";
    case data_type::uint8: return "uint8";
    case data_type::int8: return "int8";
    case data_type::uint16: return "uint16";
    case data_type::int16: return "int16";
    case data_type::int32: return "int32";
    case data_type::int64: return "int64";
    case data_type::text: return "string";
    case data_type::boolean: return "bool";
    case data_type::float16: return "float16";
    case data_type::float64: return "double";
    case data_type::uint32: return "uint32";
    case data_type::uint64: return "uint64";
    case data_type::bfloat16: return "bfloat16";
    case data_type::uint4: return "uint4";
    case data_type::int4: return "int4";
    default: return "a type without a name";
  }
}

/// Values, little endian, as many as the sizes say; two to a byte, the first in the low bits, where they have 4.
struct tensor {
  std::string name{};
  data_type type = data_type::none;
  std::vector<std::int64_t> dims{};
  std::string data{};

  index_t count() const {
    index_t n = 1;
    for (std::int64_t d : dims) n *= d;
    return n;
  }
};

struct attribute {
  std::string name{};
  std::int32_t type = 0;  ///< 1 float, 2 int, 3 string, 4 tensor, 5 graph, 6 floats, 7 ints, 8 strings
  float f = 0;
  std::int64_t i = 0;
  std::string s{};
  tensor t{};
  std::vector<float> floats{};
  std::vector<std::int64_t> ints{};
};

struct node {
  std::string name{}, op_type{}, domain{};
  std::vector<std::string> inputs{}, outputs{};
  std::vector<attribute> attributes{};

  const attribute* find(std::string_view wanted) const {
    for (const attribute& a : attributes) {
      if (a.name == wanted) return &a;
    }
    return nullptr;
  }
  std::int64_t integer(std::string_view wanted, std::int64_t otherwise) const {
    const attribute* a = find(wanted);
    return a == nullptr ? otherwise : a->i;
  }
  float real(std::string_view wanted, float otherwise) const {
    const attribute* a = find(wanted);
    return a == nullptr ? otherwise : a->f;
  }
  std::vector<std::int64_t> integers(std::string_view wanted) const {
    const attribute* a = find(wanted);
    return a == nullptr ? std::vector<std::int64_t>{} : a->ints;
  }
};

/// A size of -1 is one that each run decides.
struct value_info {
  std::string name{};
  data_type type = data_type::none;
  bool has_shape = false;
  std::vector<std::int64_t> dims{};
};

struct graph {
  std::string name{};
  std::vector<node> nodes{};
  std::vector<tensor> initializers{};
  std::vector<value_info> inputs{}, outputs{};
};

struct opset {
  std::string domain{};
  std::int64_t version = 0;
};

struct model {
  std::int64_t ir_version = 0;
  std::string producer_name{};
  std::vector<opset> opsets{};
  onnx::graph graph{};
};

/// Element i of little-endian values.
template <class T>
T element(std::string_view data, index_t i) {
  static_assert(std::endian::native == std::endian::little);
  T x;
  std::memcpy(&x, data.data() + i * static_cast<index_t>(sizeof(T)), sizeof(T));
  return x;
}

/// An integer element of any type.
inline std::int64_t integer_element(const tensor& t, index_t i) {
  const auto nibble = [&] { return (element<std::uint8_t>(t.data, i / 2) >> (4 * (i % 2))) & 15; };
  switch (t.type) {
    case data_type::int64: return element<std::int64_t>(t.data, i);
    case data_type::int32: return element<std::int32_t>(t.data, i);
    case data_type::int16: return element<std::int16_t>(t.data, i);
    case data_type::int8: return element<std::int8_t>(t.data, i);
    case data_type::uint8:
    case data_type::boolean: return element<std::uint8_t>(t.data, i);
    case data_type::uint16: return element<std::uint16_t>(t.data, i);
    case data_type::uint32: return element<std::uint32_t>(t.data, i);
    case data_type::uint64: return static_cast<std::int64_t>(element<std::uint64_t>(t.data, i));
    case data_type::uint4: return nibble();
    case data_type::int4: return nibble() >= 8 ? nibble() - 16 : nibble();
    default: contract::bad_data("tensor '", t.name, "' of ", name_of(t.type), " where integers are wanted");
  }
}

/// All elements as integers, or as floats (double and half precision are rounded or widened to float).
inline std::vector<std::int64_t> integers(const tensor& t) {
  const index_t n = t.count();
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) values.push_back(integer_element(t, i));
  return values;
}
inline std::vector<float> floats(const tensor& t) {
  const index_t n = t.count();
  std::vector<float> values(static_cast<std::size_t>(n));
  if (t.type == data_type::float32 && n > 0) {
    std::memcpy(values.data(), t.data.data(), t.data.size());
    return values;
  }
  for (index_t i = 0; i < n; ++i) {
    float& x = values[static_cast<std::size_t>(i)];
    switch (t.type) {
      case data_type::float32: x = element<float>(t.data, i); break;
      case data_type::float64: x = static_cast<float>(element<double>(t.data, i)); break;
      case data_type::float16: {
        const auto h = element<std::uint16_t>(t.data, i);
        const std::uint32_t sign = std::uint32_t{h & 0x8000u} << 16, rest = h & 0x7fffu;
        // Shifted into place the exponent is 112 too small; infinity and NaN need their own.
        const float scaled = std::bit_cast<float>(rest << 13) * 0x1p112f;
        const std::uint32_t special = 0x7f800000u | (rest << 13);
        x = std::bit_cast<float>(sign | (rest >= 0x7c00u ? special : std::bit_cast<std::uint32_t>(scaled)));
        break;
      }
      case data_type::bfloat16: x = std::bit_cast<float>(std::uint32_t{element<std::uint16_t>(t.data, i)} << 16); break;
      default: x = static_cast<float>(integer_element(t, i));
    }
  }
  return values;
}

}  // namespace equant::inline EQUANT_ABI::io::onnx
