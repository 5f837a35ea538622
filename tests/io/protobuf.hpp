// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

/// Protocol buffers written by hand, field by field, as their specification says: for files that no library would
/// write.
namespace protobuf {

inline std::string varint(std::uint64_t x) {
  std::string bytes;
  for (; x >= 128; x >>= 7) bytes += static_cast<char>((x & 127) | 128);
  return bytes + static_cast<char>(x);
}
inline std::string number(int tag, std::int64_t x) {
  return varint(static_cast<std::uint64_t>(tag) << 3) + varint(static_cast<std::uint64_t>(x));
}
inline std::string bytes(int tag, const std::string& content) {
  return varint(static_cast<std::uint64_t>(tag) << 3 | 2) + varint(content.size()) + content;
}
template <class T>
std::string raw(T x) {
  std::string content(sizeof(T), '\0');
  std::memcpy(content.data(), &x, sizeof(T));
  return content;
}
inline std::string real(int tag, float x) { return varint(static_cast<std::uint64_t>(tag) << 3 | 5) + raw(x); }

}  // namespace protobuf
