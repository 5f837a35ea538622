// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>
#include <equant/io/file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <vector>

/// Safetensors files (needs nlohmann-json): named arrays as they lie in memory, little endian, row-major.
///
///   length of the header (8 bytes), header, data
///
/// The header is JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {...}}.
namespace equant::inline EQUANT_ABI::io {

struct safetensor {
  std::string name{};
  std::string type{};  ///< "F32", "F16", "BF16", "I8", "U8" ...
  shape sizes{};
  std::string bytes{};

  bool operator==(const safetensor&) const = default;
};

struct safetensors_file {
  std::vector<safetensor> tensors{};                          ///< in the order of their data
  std::vector<std::pair<std::string, std::string>> metadata{};

  const safetensor* find(std::string_view name) const {
    const auto at = std::find_if(tensors.begin(), tensors.end(), [&](const safetensor& t) { return t.name == name; });
    return at == tensors.end() ? nullptr : &*at;
  }
  bool operator==(const safetensors_file&) const = default;
};

namespace safetensors {

using json = nlohmann::ordered_json;
inline constexpr std::uint64_t longest_header = 100'000'000;  // the format's own limit

/// Bytes per element, 0 for types that are not known.
inline std::uint64_t element_size(std::string_view type) {
  constexpr std::pair<std::string_view, int> types[] = {
      {"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1}, {"I16", 2}, {"U16", 2},
      {"F16", 2},  {"BF16", 2}, {"I32", 4}, {"U32", 4},     {"F32", 4},     {"I64", 8},     {"U64", 8}, {"F64", 8}};
  for (const auto& [name, size] : types) {
    if (type == name) return static_cast<std::uint64_t>(size);
  }
  return 0;
}

/// The bytes that a tensor takes, or false where they do not count in index_t.
inline bool size_of(const shape& sizes, std::uint64_t each, std::uint64_t& bytes) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<index_t>::max());
  std::uint64_t filled = each, product = each;  // an axis of length 0 hides no overflow
  for (int axis = 0; axis < sizes.rank; ++axis) {
    const auto length = static_cast<std::uint64_t>(sizes[axis]), some = std::max<std::uint64_t>(length, 1);
    if (filled > most / some) return false;
    filled *= some;
    product *= length;
  }
  bytes = product;
  return true;
}

/// The callback of a parser that refuses deep nesting and keys that appear twice.
class strict_keys {
 public:
  explicit strict_keys(std::string_view name) : name_(name) {}
  bool operator()(int depth, json::parse_event_t event, json& value) {
    if (depth > 4) contract::bad_data(name_, ": the header is nested too deep");
    const auto level = static_cast<std::size_t>(depth);
    if (event == json::parse_event_t::object_start) {
      if (keys_.size() < level + 2) keys_.resize(level + 2);
      keys_[level + 1].clear();
    }
    if (event == json::parse_event_t::key) {
      keys_[level].push_back(value.get<std::string>());
    }
    if (event == json::parse_event_t::object_end) {
      std::vector<std::string>& found = keys_[level + 1];
      std::sort(found.begin(), found.end());
      const auto twice = std::adjacent_find(found.begin(), found.end());
      if (twice != found.end()) contract::bad_data(name_, ": the header has '", *twice, "' twice");
    }
    return true;
  }

 private:
  std::string_view name_;
  std::vector<std::vector<std::string>> keys_;
};

}  // namespace safetensors

/// The tensors in the bytes of a safetensors file, which must cover its data without gaps. Anything else is a
/// std::runtime_error with `name` (of the file) and the tensor. Takes no more memory than a few times the file.
inline safetensors_file parse_safetensors(std::string_view bytes, std::string_view name) {
  using safetensors::json;
  if (bytes.size() < 8) contract::bad_data(name, ": the file ends inside the header's length");
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > safetensors::longest_header || length > bytes.size() - 8) {
    contract::bad_data(name, ": a header of ", length, " bytes in a file of ", bytes.size());
  }
  const std::string_view header = bytes.substr(8, static_cast<std::size_t>(length));
  const std::string_view data = bytes.substr(8 + header.size());
  json all;
  try {
    all = json::parse(header, safetensors::strict_keys(name));
  } catch (const json::exception&) {
    contract::bad_data(name, ", offset 8: the header is no JSON");
  }
  if (!all.is_object()) contract::bad_data(name, ", offset 8: the header is no JSON object");
  safetensors_file file;
  struct placed {
    std::uint64_t begin, end;
    safetensor tensor;
  };
  std::vector<placed> found;
  for (auto entry = all.cbegin(); entry != all.cend(); ++entry) {
    const std::string& key = entry.key();
    const json& value = entry.value();
    if (key == "__metadata__") {
      if (!value.is_object()) contract::bad_data(name, ": __metadata__ is no object");
      for (const auto& [k, v] : value.items()) {
        if (!v.is_string()) contract::bad_data(name, ": __metadata__ '", k, "' is no string");
        file.metadata.emplace_back(k, v.get<std::string>());
      }
      continue;
    }
    const auto fail = [&](const auto&... parts) { contract::bad_data(name, ": tensor '", key, "': ", parts...); };
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets")) {
      fail("it needs dtype, shape and data_offsets");
    }
    const json &type = value["dtype"], &sizes = value["shape"], &offsets = value["data_offsets"];
    const std::uint64_t each = type.is_string() ? safetensors::element_size(type.get<std::string>()) : 0;
    if (each == 0) fail("its dtype is not known");
    placed p{0, 0, {key, type.get<std::string>(), {}, {}}};
    if (!sizes.is_array() || sizes.size() > static_cast<std::size_t>(max_rank)) {
      fail("its shape is no array of up to ", max_rank, " sizes");
    }
    for (const json& size : sizes) {
      if (!size.is_number_unsigned() || size.get<std::uint64_t>() > std::numeric_limits<index_t>::max()) {
        fail("its shape holds what is no size");
      }
      p.tensor.sizes[p.tensor.sizes.rank++] = size.get<index_t>();
    }
    std::uint64_t needed = 0;
    if (!safetensors::size_of(p.tensor.sizes, each, needed)) fail("its shape is too large");
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      fail("its data_offsets are no two offsets");
    }
    p.begin = offsets[0].get<std::uint64_t>();
    p.end = offsets[1].get<std::uint64_t>();
    if (p.begin > p.end || p.end > data.size()) {
      fail("its data from ", p.begin, " to ", p.end, " is not within ", data.size());
    }
    if (p.end - p.begin != needed) fail("its data has ", p.end - p.begin, " bytes, its shape needs ", needed);
    found.push_back(std::move(p));
  }
  std::stable_sort(found.begin(), found.end(), [](const placed& a, const placed& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t end = 0;
  for (placed& p : found) {
    if (p.begin != end) {
      contract::bad_data(name, ": tensor '", p.tensor.name, "' begins at ", p.begin, ", not at ", end);
    }
    end = p.end;
    p.tensor.bytes = data.substr(static_cast<std::size_t>(p.begin), static_cast<std::size_t>(p.end - p.begin));
    file.tensors.push_back(std::move(p.tensor));
  }
  if (end != data.size()) contract::bad_data(name, ": ", data.size() - end, " bytes of data belong to no tensor");
  return file;
}

inline safetensors_file load_safetensors(const std::string& path) { return parse_safetensors(read_file(path), path); }

/// The bytes of a safetensors file. Throws std::invalid_argument where a tensor's bytes are not what its shape needs,
/// and where names are not UTF-8 or not all different.
inline std::string safetensors_bytes(const safetensors_file& file) {
  safetensors::json header = safetensors::json::object();
  for (const auto& [key, value] : file.metadata) {
    safetensors::json& all = header["__metadata__"];
    if (all.contains(key)) contract::invalid_argument("metadata '", key, "' twice");
    all[key] = value;
  }
  std::uint64_t end = 0;
  for (const safetensor& t : file.tensors) {
    std::uint64_t needed = 0;
    const std::uint64_t each = safetensors::element_size(t.type);
    if (each == 0 || !safetensors::size_of(t.sizes, each, needed) || needed != t.bytes.size()) {
      contract::invalid_argument("tensor '", t.name, "' of ", to_string(t.sizes), " ", t.type, " with ", t.bytes.size(),
                                 " bytes");
    }
    if (t.name == "__metadata__") contract::invalid_argument("a tensor of the name '__metadata__'");
    if (header.contains(t.name)) contract::invalid_argument("two tensors of the name '", t.name, "'");
    safetensors::json& entry = header[t.name];
    entry["dtype"] = t.type;
    entry["shape"] = safetensors::json::array();
    for (int axis = 0; axis < t.sizes.rank; ++axis) entry["shape"].push_back(t.sizes[axis]);
    entry["data_offsets"] = {end, end + needed};
    end += needed;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const safetensors::json::exception&) {
    contract::invalid_argument("names or metadata of tensors that are not UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(text.size() >> 8 * i & 255));
  bytes += text;
  for (const safetensor& t : file.tensors) bytes += t.bytes;
  return bytes;
}

/// Writes a safetensors file, whole or not at all.
inline void save_safetensors(const std::string& path, const safetensors_file& file) {
  write_file(path, safetensors_bytes(file));
}

}  // namespace equant::inline EQUANT_ABI::io
