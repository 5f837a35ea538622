// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>
#include <equant/io/file.hpp>

#include <algorithm>
#include <limits>
#include <vector>

/// GGUF files, versions 2 and 3, little endian: metadata and tensors in ggml's types. The bytes of a tensor of blocks
/// are those of storage/ggml.hpp: `from_bytes<q4_k>(bytes, sizes)` and `to_bytes(q)`.
namespace equant::inline EQUANT_ABI::io {

/// A value of the metadata as its bytes lie in the file.
struct gguf_value {
  std::string key{};
  std::uint32_t type = 0;
  std::string bytes{};

  bool operator==(const gguf_value&) const = default;
};

struct gguf_tensor {
  std::string name{};
  std::uint32_t type = 0;  ///< ggml's number: 0 float32, 2 Q4_0, 12 Q4_K ...
  shape sizes{};           ///< outermost axis first, as everywhere here; the file has them the other way round
  std::string bytes{};

  bool operator==(const gguf_tensor&) const = default;
};

struct gguf_file {
  std::vector<gguf_value> metadata{};
  std::vector<gguf_tensor> tensors{};

  bool operator==(const gguf_file&) const = default;
};

namespace gguf {

struct type_size {
  std::uint32_t type, values, bytes;
};
/// Values and bytes of a block, {0, 0, 0} of types that are not known.
inline type_size size_of(std::uint32_t type) {
  constexpr type_size types[] = {
      {0, 1, 4},      {1, 1, 2},      {2, 32, 18},    {3, 32, 20},    {6, 32, 22},   {7, 32, 24},
      {8, 32, 34},    {10, 256, 84},  {11, 256, 110}, {12, 256, 144}, {13, 256, 176}, {14, 256, 210},
      {20, 32, 18},   {23, 256, 136}, {24, 1, 1},     {25, 1, 2},     {26, 1, 4},    {27, 1, 8},
      {28, 1, 8},     {30, 1, 2},     {35, 256, 66},  {39, 32, 17},   {40, 64, 36}};
  for (const type_size& t : types) {
    if (t.type == type) return t;
  }
  return {0, 0, 0};
}

/// The bytes of a tensor, or false where lines are no whole blocks or the bytes do not count in index_t.
inline bool bytes_of(const shape& sizes, std::uint32_t type, std::uint64_t& bytes) {
  const type_size t = size_of(type);
  const std::uint64_t line = sizes.rank == 0 ? 1 : static_cast<std::uint64_t>(sizes[sizes.rank - 1]);
  if (t.values == 0 || line % t.values != 0) return false;
  std::uint64_t product = t.bytes, filled = t.bytes;  // an axis of length 0 hides no overflow
  for (int axis = 0; axis < sizes.rank; ++axis) {
    std::uint64_t n = static_cast<std::uint64_t>(sizes[axis]);
    if (axis == sizes.rank - 1) n /= t.values;
    const std::uint64_t some = std::max<std::uint64_t>(n, 1);
    if (filled > static_cast<std::uint64_t>(std::numeric_limits<index_t>::max()) / 256 / some) return false;
    filled *= some;
    product *= n;
  }
  bytes = product;
  return true;
}

/// Reads a file from the front.
class reader {
 public:
  reader(std::string_view file, std::string_view name) : file_(file), name_(name) {}

  gguf_file read() {
    if (take(4) != "GGUF") fail("not a GGUF file");
    const std::uint64_t version = number(4);
    if (version != 2 && version != 3) fail("version ", version, " is not 2 or 3");
    const std::uint64_t tensors = number(8), values = number(8);
    gguf_file file;
    for (std::uint64_t i = 0; i < values; ++i) {
      gguf_value v{text(), static_cast<std::uint32_t>(number(4)), {}};
      const std::size_t from = at_;
      skip(v.type, 0);
      v.bytes = file_.substr(from, at_ - from);
      if (v.key == "general.alignment") {
        if (v.type != 4) fail("general.alignment is no uint32");
        at_ = from;
        alignment_ = number(4);
        if (alignment_ == 0 || alignment_ % 8 != 0 || alignment_ > 1 << 20) fail("an alignment of ", alignment_);
      }
      file.metadata.push_back(std::move(v));
    }
    std::vector<std::uint64_t> offsets;
    for (std::uint64_t i = 0; i < tensors; ++i) {
      gguf_tensor t{text(), 0, {}, {}};
      const std::uint64_t rank = number(4);
      if (rank > static_cast<std::uint64_t>(max_rank)) fail("tensor '", t.name, "' has ", rank, " axes");
      t.sizes.rank = static_cast<int>(rank);
      for (int axis = t.sizes.rank; axis-- > 0;) {
        const std::uint64_t n = number(8);
        if (n > std::numeric_limits<std::int64_t>::max()) fail("tensor '", t.name, "' has an axis of ", n);
        t.sizes[axis] = static_cast<index_t>(n);
      }
      t.type = static_cast<std::uint32_t>(number(4));
      offsets.push_back(number(8));
      file.tensors.push_back(std::move(t));
    }
    const std::size_t data = at_ + (alignment_ - at_ % alignment_) % alignment_;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      gguf_tensor& t = file.tensors[i];
      std::uint64_t bytes = 0;
      if (!bytes_of(t.sizes, t.type, bytes)) {
        fail("tensor '", t.name, "': type ", t.type, " or its shape is not possible");
      }
      if (data > file_.size() || offsets[i] > file_.size() - data || bytes > file_.size() - data - offsets[i]) {
        fail("tensor '", t.name, "': ", bytes, " bytes from ", offsets[i], " are not in the file");
      }
      if (offsets[i] % alignment_ != 0) fail("tensor '", t.name, "' lies at ", offsets[i]);
      if (i > 0 && offsets[i] < end_) fail("tensor '", t.name, "' lies over another");
      end_ = offsets[i] + bytes;
      t.bytes = file_.substr(data + static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(bytes));
    }
    return file;
  }

 private:
  std::string_view take(std::uint64_t n) {
    if (n > file_.size() - at_) fail("the file ends here, ", n, " bytes are needed");
    const std::string_view part = file_.substr(at_, static_cast<std::size_t>(n));
    at_ += part.size();
    return part;
  }
  std::uint64_t number(std::uint64_t bytes) {
    std::uint64_t n = 0;
    const std::string_view part = take(bytes);
    for (std::size_t i = part.size(); i-- > 0;) n = n << 8 | static_cast<unsigned char>(part[i]);
    return n;
  }
  std::string text() { return std::string(take(number(8))); }
  void skip(std::uint64_t type, int depth) {
    constexpr std::uint64_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type > 12 || depth > 4) fail("a value of type ", type);
    if (type == 8) {
      take(number(8));
    } else if (type == 9) {
      const std::uint64_t of = number(4), count = number(8);
      if (of < 13 && sizes[of] != 0) {
        if (count > file_.size()) fail("an array of ", count, " values");
        take(count * sizes[of]);
      } else {
        for (std::uint64_t i = 0; i < count; ++i) skip(of, depth + 1);
      }
    } else {
      take(sizes[type]);
    }
  }
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    contract::bad_data(name_, ", offset ", at_, ": ", parts...);
  }

  std::string_view file_, name_;
  std::size_t at_ = 0;
  std::uint64_t alignment_ = 32, end_ = 0;
};

inline void put(std::string& to, std::uint64_t n, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<char>(n >> 8 * i & 255));
}
inline void put(std::string& to, const std::string& text) {
  put(to, text.size(), 8);
  to += text;
}

}  // namespace gguf

/// What the bytes of a GGUF file hold; anything else is a std::runtime_error with `name` (of the file) and the offset.
/// Tensors must lie in the order in which they are listed.
inline gguf_file parse_gguf(std::string_view bytes, std::string_view name) { return gguf::reader(bytes, name).read(); }
inline gguf_file load_gguf(const std::string& path) { return parse_gguf(read_file(path), path); }

/// The bytes of a GGUF file of version 3, aligned to 32 bytes or to what the metadata says. Throws
/// std::invalid_argument where a tensor's bytes are not what its type and shape need.
inline std::string gguf_bytes(const gguf_file& file) {
  std::string bytes = "GGUF";
  std::uint64_t alignment = 32, end = 0;
  gguf::put(bytes, 3, 4);
  gguf::put(bytes, file.tensors.size(), 8);
  gguf::put(bytes, file.metadata.size(), 8);
  for (const gguf_value& v : file.metadata) {
    gguf::put(bytes, v.key);
    gguf::put(bytes, v.type, 4);
    bytes += v.bytes;
    if (v.key != "general.alignment") continue;
    alignment = 0;
    for (std::size_t i = v.bytes.size(); i-- > 0;) alignment = alignment << 8 | static_cast<unsigned char>(v.bytes[i]);
    if (v.type != 4 || v.bytes.size() != 4 || alignment == 0 || alignment % 8 != 0 || alignment > 1 << 20) {
      contract::invalid_argument("an alignment of ", alignment);
    }
  }
  const auto padding = [&](std::uint64_t n) { return (alignment - n % alignment) % alignment; };
  for (const gguf_tensor& t : file.tensors) {
    std::uint64_t needed = 0;
    if (!gguf::bytes_of(t.sizes, t.type, needed) || needed != t.bytes.size()) {
      contract::invalid_argument("tensor '", t.name, "' of ", to_string(t.sizes), ", type ", t.type, ", with ",
                                 t.bytes.size(), " bytes");
    }
    gguf::put(bytes, t.name);
    gguf::put(bytes, static_cast<std::uint64_t>(t.sizes.rank), 4);
    for (int axis = t.sizes.rank; axis-- > 0;) gguf::put(bytes, static_cast<std::uint64_t>(t.sizes[axis]), 8);
    gguf::put(bytes, t.type, 4);
    gguf::put(bytes, end, 8);
    end += needed + padding(needed);
  }
  bytes.append(static_cast<std::size_t>(padding(bytes.size())), '\0');
  for (const gguf_tensor& t : file.tensors) {
    bytes += t.bytes;
    bytes.append(static_cast<std::size_t>(padding(t.bytes.size())), '\0');
  }
  return bytes;
}

/// Writes a GGUF file, whole or not at all.
inline void save_gguf(const std::string& path, const gguf_file& file) { write_file(path, gguf_bytes(file)); }

}  // namespace equant::inline EQUANT_ABI::io
