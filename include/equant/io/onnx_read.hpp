// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/file.hpp>
#include <equant/io/onnx_model.hpp>

#include <protozero/pbf_reader.hpp>

#include <limits>

/// ONNX files, read: protobuf by protozero, every size held against what is there. Tensors may lie in files beside the
/// model, in its folder or below.
namespace equant::inline EQUANT_ABI::io::onnx {

namespace reading {

/// Where the bytes come from: for messages, and for external data.
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

/// A repeated number, packed or one by one.
template <class Out, class Range, class One>
void repeated(protozero::pbf_reader& in, Out&& out, Range&& packed, One&& one) {
  if (in.wire_type() == protozero::pbf_wire_type::length_delimited) {
    for (auto x : packed()) out(x);
  } else {
    out(one());
  }
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
  bool inside = !p.empty() && p[0] != '/' && p.find('\\') == std::string::npos && p.find('\0') == std::string::npos;
  for (std::size_t begin = 0; inside && begin <= p.size();) {
    const std::size_t end = std::min(p.find('/', begin), p.size());
    if (p.compare(begin, end - begin, "..") == 0) inside = false;
    begin = end + 1;
  }
  if (!inside) fail(from, "tensor '", t.name, "' lies in '", p, "', outside the model's folder");
  if (from.folder.empty()) fail(from, "tensor '", t.name, "' lies in another file, '", p, "'");
  const std::string all = read_file(from.folder + p);
  const auto size = static_cast<std::int64_t>(all.size());
  const std::int64_t length = at.length < 0 ? size - at.offset : at.length;
  if (at.offset > size || length > size - at.offset) {
    fail(from, "tensor '", t.name, "' lies at ", at.offset, " to ", at.offset + length, " of '", p, "', which has ", size,
         " bytes");
  }
  return all.substr(static_cast<std::size_t>(at.offset), static_cast<std::size_t>(length));
}

/// Holds the sizes against the data.
inline void check(const source& from, const tensor& t) {
  const int bits = bits_of(t.type);
  if (bits == 0) fail(from, "tensor '", t.name, "' is of ", name_of(t.type), " (", static_cast<int>(t.type), "), which is not read");
  if (t.dims.size() > max_rank) fail(from, "tensor '", t.name, "' has ", t.dims.size(), " axes");
  std::int64_t count = 1;
  for (std::int64_t d : t.dims) {
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() / 64;
    if (d < 0 || (d > 0 && count > most / d)) fail(from, "tensor '", t.name, "' has a size of ", d);
    count *= d;
  }
  if (static_cast<std::int64_t>(t.data.size()) != (count * bits + 7) / 8) {
    fail(from, "tensor '", t.name, "' of ", count, " ", name_of(t.type), " has ", t.data.size(), " bytes");
  }
}

inline tensor read_tensor(const source& from, protozero::pbf_reader in) {
  tensor t;
  location at;
  bool outside = false, raw = false;
  std::string numbers;
  std::vector<std::int64_t> small;  // int32_data, which holds all types of up to 32 bits
  while (in.next()) {
    switch (in.tag()) {
      case 1: repeated(in, [&](std::int64_t d) { t.dims.push_back(d); }, [&] { return in.get_packed_int64(); }, [&] { return in.get_int64(); }); break;
      case 2: t.type = static_cast<data_type>(in.get_int32()); break;
      case 4: repeated(in, [&](float x) { append(numbers, x); }, [&] { return in.get_packed_float(); }, [&] { return in.get_float(); }); break;
      case 5: repeated(in, [&](std::int32_t x) { small.push_back(x); }, [&] { return in.get_packed_int32(); }, [&] { return in.get_int32(); }); break;
      case 7: repeated(in, [&](std::int64_t x) { append(numbers, x); }, [&] { return in.get_packed_int64(); }, [&] { return in.get_int64(); }); break;
      case 8: t.name = in.get_string(); break;
      case 9: t.data = in.get_string(); raw = true; break;
      case 10: repeated(in, [&](double x) { append(numbers, x); }, [&] { return in.get_packed_double(); }, [&] { return in.get_double(); }); break;
      case 11: repeated(in, [&](std::uint64_t x) { append(numbers, x); }, [&] { return in.get_packed_uint64(); }, [&] { return in.get_uint64(); }); break;
      case 13: {
        protozero::pbf_reader entry = in.get_message();
        std::string key, value;
        while (entry.next()) {
          if (entry.tag() == 1) {
            key = entry.get_string();
          } else if (entry.tag() == 2) {
            value = entry.get_string();
          } else {
            entry.skip();
          }
        }
        if (key == "location") at.path = value;
        if (key == "offset") at.offset = number(from, t.name, value);
        if (key == "length") at.length = number(from, t.name, value);
        break;
      }
      case 14: outside = in.get_int32() == 1; break;
      default: in.skip();
    }
  }
  if (outside) {
    t.data = external(from, t, at);
  } else if (!raw && t.type == data_type::uint32) {
    for (std::size_t i = 0; i + 8 <= numbers.size(); i += 8) t.data.append(numbers, i, 4);  // stored as uint64
  } else if (!raw && !small.empty()) {
    for (std::size_t i = 0; i < small.size(); ++i) {
      switch (bits_of(t.type)) {
        case 4:  // two to a byte already, as in raw data
        case 8: t.data += static_cast<char>(small[i]); break;
        case 16: append(t.data, static_cast<std::uint16_t>(small[i])); break;
        default: append(t.data, static_cast<std::int32_t>(small[i]));
      }
    }
  } else if (!raw) {
    t.data = std::move(numbers);
  }
  check(from, t);
  return t;
}

inline attribute read_attribute(const source& from, protozero::pbf_reader in) {
  attribute a;
  while (in.next()) {
    switch (in.tag()) {
      case 1: a.name = in.get_string(); break;
      case 2: a.f = in.get_float(); break;
      case 3: a.i = in.get_int64(); break;
      case 4: a.s = in.get_string(); break;
      case 5: a.t = read_tensor(from, in.get_message()); break;
      case 7: repeated(in, [&](float x) { a.floats.push_back(x); }, [&] { return in.get_packed_float(); }, [&] { return in.get_float(); }); break;
      case 8: repeated(in, [&](std::int64_t x) { a.ints.push_back(x); }, [&] { return in.get_packed_int64(); }, [&] { return in.get_int64(); }); break;
      case 20: a.type = in.get_int32(); break;
      default: in.skip();
    }
  }
  return a;
}

inline node read_node(const source& from, protozero::pbf_reader in) {
  node n;
  while (in.next()) {
    switch (in.tag()) {
      case 1: n.inputs.push_back(in.get_string()); break;
      case 2: n.outputs.push_back(in.get_string()); break;
      case 3: n.name = in.get_string(); break;
      case 4: n.op_type = in.get_string(); break;
      case 5: n.attributes.push_back(read_attribute(from, in.get_message())); break;
      case 7: n.domain = in.get_string(); break;
      default: in.skip();
    }
  }
  return n;
}

inline value_info read_value_info(protozero::pbf_reader in) {
  value_info v;
  while (in.next()) {
    if (in.tag() == 1) {
      v.name = in.get_string();
    } else if (in.tag() == 2) {
      protozero::pbf_reader type = in.get_message();
      while (type.next(1)) {
        protozero::pbf_reader described = type.get_message();
        while (described.next()) {
          if (described.tag() == 1) {
            v.type = static_cast<data_type>(described.get_int32());
          } else if (described.tag() == 2) {
            v.has_shape = true;
            protozero::pbf_reader sizes = described.get_message();
            while (sizes.next(1)) {
              protozero::pbf_reader size = sizes.get_message();
              std::int64_t n = -1;
              while (size.next()) {
                if (size.tag() == 1) {
                  n = size.get_int64();
                } else {
                  size.skip();
                }
              }
              v.dims.push_back(n < 0 ? -1 : n);
            }
          } else {
            described.skip();
          }
        }
      }
    } else {
      in.skip();
    }
  }
  return v;
}

inline graph read_graph(const source& from, protozero::pbf_reader in) {
  graph g;
  while (in.next()) {
    switch (in.tag()) {
      case 1: g.nodes.push_back(read_node(from, in.get_message())); break;
      case 2: g.name = in.get_string(); break;
      case 5: g.initializers.push_back(read_tensor(from, in.get_message())); break;
      case 11: g.inputs.push_back(read_value_info(in.get_message())); break;
      case 12: g.outputs.push_back(read_value_info(in.get_message())); break;
      case 15: fail(from, "sparse initializers are not read");
      default: in.skip();
    }
  }
  return g;
}

inline model read_model(const source& from, protozero::pbf_reader in) {
  model m;
  bool found = false;
  while (in.next()) {
    switch (in.tag()) {
      case 1: m.ir_version = in.get_int64(); break;
      case 2: m.producer_name = in.get_string(); break;
      case 7:
        m.graph = read_graph(from, in.get_message());
        found = true;
        break;
      case 8: {
        protozero::pbf_reader set = in.get_message();
        opset o;
        while (set.next()) {
          if (set.tag() == 1) {
            o.domain = set.get_string();
          } else if (set.tag() == 2) {
            o.version = set.get_int64();
          } else {
            set.skip();
          }
        }
        m.opsets.push_back(o);
        break;
      }
      default: in.skip();
    }
  }
  if (!found) fail(from, "no ONNX model: it holds no graph");
  return m;
}

}  // namespace reading

/// A model from bytes; `name` is for messages, `folder` (with its last '/') is where external data lies, empty: refused.
/// Throws std::runtime_error where they are not one.
inline model read(std::string_view bytes, const std::string& name, const std::string& folder = {}) {
  const reading::source from{name, folder};
  try {
    return reading::read_model(from, protozero::pbf_reader(bytes.data(), bytes.size()));
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
