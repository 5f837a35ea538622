// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/file.hpp>
#include <equant/io/onnx_fields.hpp>
#include <equant/io/onnx_model.hpp>

#include <algorithm>
#include <limits>

/// ONNX files, read: protobuf by protozero, every size held against what is there. Tensors may lie in files beside the
/// model, in its folder or below.
namespace equant::inline EQUANT_ABI::io::onnx {

namespace reading {

/// Where the bytes come from, for messages and for external data.
struct source {
  std::string name;
  std::string folder;  ///< empty: external data is refused
};

template <class... Parts>
[[noreturn]] void fail(const source& from, const Parts&... parts) {
  contract::bad_data(from.name, ": ", parts...);
}

template <class T>
void append(std::string& data, T x) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &x, sizeof(T));
  data.append(bytes, sizeof(T));
}

struct location {
  std::string path;
  std::int64_t offset = 0, length = -1;
};

inline std::int64_t number(const source& from, const std::string& tensor, const std::string& text) {
  std::int64_t n = 0;
  if (text.empty() || text.size() > 18) fail(from, "tensor '", tensor, "' lies at '", text, "'");
  for (char c : text) {
    if (c < '0' || c > '9') fail(from, "tensor '", tensor, "' lies at '", text, "'");
    n = 10 * n + (c - '0');
  }
  return n;
}

/// The bytes of a tensor in a file beside the model.
inline std::string external(const source& from, const tensor& t, const location& at) {
  const std::string& p = at.path;
  constexpr std::string_view strange("\\:\0", 3);
  bool inside = !p.empty() && p[0] != '/' && p.find_first_of(strange) == std::string::npos;
  for (std::size_t begin = 0; inside && begin <= p.size();) {
    const std::size_t end = std::min(p.find('/', begin), p.size());
    if (p.compare(begin, end - begin, "..") == 0) inside = false;
    begin = end + 1;
  }
  if (!inside) fail(from, "tensor '", t.name, "' lies in '", p, "', outside the model's folder");
  if (from.folder.empty()) fail(from, "tensor '", t.name, "' lies in another file, '", p, "'");
  const std::string path = from.folder + p;
  const std::int64_t size = file_size(path), length = at.length < 0 ? size - at.offset : at.length;
  if (at.offset > size || length > size - at.offset) {
    fail(from, "tensor '", t.name, "' lies at ", at.offset, " to ", at.offset + length, " of '", p, "', which has ",
         size, " bytes");
  }
  return read_part(path, at.offset, length);
}

/// The bytes that a tensor of such a type and sizes has.
inline std::int64_t bytes_of(const source& from, const tensor& t) {
  const int bits = bits_of(t.type);
  if (bits == 0) {
    const auto number = static_cast<std::int32_t>(t.type);
    fail(from, "tensor '", t.name, "' is of ", name_of(t.type), " (", number, "), which is not read");
  }
  if (t.dims.size() > max_rank) fail(from, "tensor '", t.name, "' has ", t.dims.size(), " axes");
  std::int64_t count = 1;
  bool empty = false;
  for (std::int64_t d : t.dims) {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() / 64;
    if (d < 0 || (d > 0 && count > most / d)) fail(from, "tensor '", t.name, "' has a size of ", d);
    if (d == 0) empty = true;
    if (d > 0) count *= d;
  }
  return empty ? 0 : (count * bits + 7) / 8;
}

/// Numbers that a file lists one by one, as the bytes of a tensor, and the fields of a TensorProto that may hold them.
struct listed {
  std::string floats, words, longs, doubles, unsigneds;

  /// Those of int32_data, which holds all integers of up to 32 bits, and half floats.
  std::string narrowed(int bits) const {
    if (bits == 32) return words;
    std::string data;  // 4 bits: two to a byte already
    for (std::size_t i = 0; i < words.size(); i += 4) data.append(words, i, bits == 16 ? 2 : 1);
    return data;
  }

  std::string of(data_type type) const {
    switch (type) {
      case data_type::float32: return floats;
      case data_type::float64: return doubles;
      case data_type::int64: return longs;
      case data_type::uint64: return unsigneds;
      case data_type::uint32: {
        std::string data;
        for (std::size_t i = 0; i < unsigneds.size(); i += 8) data.append(unsigneds, i, 4);
        return data;
      }
      default: return narrowed(bits_of(type));
    }
  }
};

inline location read_location(const source& from, const tensor& t, location at, fields in) {
  std::string key, value;
  while (in.next()) {
    switch (in.tag()) {
      case 1: key = in.text(); break;
      case 2: value = in.text(); break;
      default: in.skip();
    }
  }
  if (key == "location") at.path = value;
  if (key == "offset") at.offset = number(from, t.name, value);
  if (key == "length") at.length = number(from, t.name, value);
  return at;
}

inline tensor read_tensor(const source& from, fields in) {
  tensor t;
  location at;
  bool outside = false, raw = false;
  listed numbers;
  while (in.next()) {
    switch (in.tag()) {
      case 1: in.integers([&](std::int64_t d) { t.dims.push_back(d); }); break;
      case 2: t.type = static_cast<data_type>(in.integer()); break;
      case 4: in.reals([&](float x) { append(numbers.floats, x); }); break;
      case 5: in.integers([&](std::int64_t x) { append(numbers.words, static_cast<std::int32_t>(x)); }); break;
      case 7: in.integers([&](std::int64_t x) { append(numbers.longs, x); }); break;
      case 8: t.name = in.text(); break;
      case 9:
        t.data = in.text();
        raw = true;
        break;
      case 10: in.doubles([&](double x) { append(numbers.doubles, x); }); break;
      case 11: in.integers([&](std::int64_t x) { append(numbers.unsigneds, x); }); break;
      case 13: at = read_location(from, t, at, in.message()); break;
      case 14: outside = in.integer() == 1; break;
      default: in.skip();
    }
  }
  const std::int64_t wanted = bytes_of(from, t);
  if (outside) {
    t.data = external(from, t, at);
  } else if (!raw) {
    t.data = numbers.of(t.type);
  }
  if (static_cast<std::int64_t>(t.data.size()) != wanted) {
    fail(from, "tensor '", t.name, "' of ", name_of(t.type), " should have ", wanted, " bytes, but has ",
         t.data.size());
  }
  return t;
}

inline attribute read_attribute(const source& from, fields in) {
  attribute a;
  while (in.next()) {
    switch (in.tag()) {
      case 1: a.name = in.text(); break;
      case 2: a.f = in.real(); break;
      case 3: a.i = in.integer(); break;
      case 4: a.s = in.text(); break;
      case 5: a.t = read_tensor(from, in.message()); break;
      case 7: in.reals([&](float x) { a.floats.push_back(x); }); break;
      case 8: in.integers([&](std::int64_t x) { a.ints.push_back(x); }); break;
      case 20: a.type = static_cast<std::int32_t>(in.integer()); break;
      default: in.skip();
    }
  }
  return a;
}

inline node read_node(const source& from, fields in) {
  node n;
  while (in.next()) {
    switch (in.tag()) {
      case 1: n.inputs.push_back(in.text()); break;
      case 2: n.outputs.push_back(in.text()); break;
      case 3: n.name = in.text(); break;
      case 4: n.op_type = in.text(); break;
      case 5: n.attributes.push_back(read_attribute(from, in.message())); break;
      case 7: n.domain = in.text(); break;
      default: in.skip();
    }
  }
  return n;
}

inline std::int64_t read_dimension(fields in) {
  std::int64_t n = -1;
  while (in.next()) {
    if (in.tag() == 1) {
      n = std::max<std::int64_t>(in.integer(), -1);
    } else {
      in.skip();
    }
  }
  return n;
}

inline void read_type(value_info& v, fields in) {
  while (in.next()) {
    if (in.tag() == 1) {
      v.type = static_cast<data_type>(in.integer());
    } else if (in.tag() == 2) {
      v.has_shape = true;
      fields sizes = in.message();
      while (sizes.next()) {
        if (sizes.tag() == 1) {
          v.dims.push_back(read_dimension(sizes.message()));
        } else {
          sizes.skip();
        }
      }
    } else {
      in.skip();
    }
  }
}

inline value_info read_value_info(fields in) {
  value_info v;
  while (in.next()) {
    if (in.tag() == 1) {
      v.name = in.text();
    } else if (in.tag() == 2) {
      fields type = in.message();
      while (type.next()) {
        if (type.tag() == 1) {
          read_type(v, type.message());
        } else {
          type.skip();
        }
      }
    } else {
      in.skip();
    }
  }
  return v;
}

inline graph read_graph(const source& from, fields in) {
  graph g;
  while (in.next()) {
    switch (in.tag()) {
      case 1: g.nodes.push_back(read_node(from, in.message())); break;
      case 2: g.name = in.text(); break;
      case 5: g.initializers.push_back(read_tensor(from, in.message())); break;
      case 11: g.inputs.push_back(read_value_info(in.message())); break;
      case 12: g.outputs.push_back(read_value_info(in.message())); break;
      case 15: fail(from, "sparse initializers are not read");
      default: in.skip();
    }
  }
  return g;
}

inline opset read_opset(fields in) {
  opset o;
  while (in.next()) {
    switch (in.tag()) {
      case 1: o.domain = in.text(); break;
      case 2: o.version = in.integer(); break;
      default: in.skip();
    }
  }
  return o;
}

inline model read_model(const source& from, fields in) {
  model m;
  bool found = false;
  while (in.next()) {
    switch (in.tag()) {
      case 1: m.ir_version = in.integer(); break;
      case 2: m.producer_name = in.text(); break;
      case 7:
        m.graph = read_graph(from, in.message());
        found = true;
        break;
      case 8: m.opsets.push_back(read_opset(in.message())); break;
      default: in.skip();
    }
  }
  if (!found) fail(from, "no ONNX model: it holds no graph");
  return m;
}

}  // namespace reading

/// A model from bytes. `name` is for messages; `folder`, with its last '/', is where external data lies, and none is
/// taken where it is empty. Throws std::runtime_error, naming the tensor where there is one, where the bytes are no
/// model.
inline model read(std::string_view bytes, const std::string& name, const std::string& folder = {}) {
  const reading::source from{name, folder};
  try {
    return reading::read_model(from, reading::fields(bytes));
  } catch (const protozero::exception& e) {
    reading::fail(from, "no ONNX model, or a broken one: ", e.what());
  }
}

/// A model from a file.
inline model load(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return read(read_file(path), path, slash == std::string::npos ? "./" : path.substr(0, slash + 1));
}

}  // namespace equant::inline EQUANT_ABI::io::onnx
