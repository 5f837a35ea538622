// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/file.hpp>
#include <equant/io/onnx_model.hpp>

#include <protozero/pbf_writer.hpp>

/// ONNX files, written: protobuf by protozero. The same model gives the same bytes.
namespace equant::inline EQUANT_ABI::io::onnx {

namespace writing {

inline void write_tensor(protozero::pbf_writer out, const tensor& t) {
  out.add_packed_int64(1, t.dims.begin(), t.dims.end());
  out.add_int32(2, static_cast<std::int32_t>(t.type));
  if (!t.name.empty()) out.add_string(8, t.name);
  out.add_bytes(9, t.data);
}

inline void write_attribute(protozero::pbf_writer out, const attribute& a) {
  out.add_string(1, a.name);
  switch (a.type) {
    case 1: out.add_float(2, a.f); break;
    case 2: out.add_int64(3, a.i); break;
    case 3: out.add_string(4, a.s); break;
    case 4: write_tensor(protozero::pbf_writer(out, 5), a.t); break;
    case 6: out.add_packed_float(7, a.floats.begin(), a.floats.end()); break;
    case 7: out.add_packed_int64(8, a.ints.begin(), a.ints.end()); break;
    default: contract::invalid_argument("attribute '", a.name, "' of kind ", a.type, " is not written");
  }
  out.add_int32(20, a.type);
}

inline void write_node(protozero::pbf_writer out, const node& n) {
  for (const std::string& name : n.inputs) out.add_string(1, name);
  for (const std::string& name : n.outputs) out.add_string(2, name);
  out.add_string(3, n.name);
  out.add_string(4, n.op_type);
  for (const attribute& a : n.attributes) write_attribute(protozero::pbf_writer(out, 5), a);
  if (!n.domain.empty()) out.add_string(7, n.domain);
}

inline void write_value_info(protozero::pbf_writer out, const value_info& v) {
  out.add_string(1, v.name);
  protozero::pbf_writer type(out, 2);
  protozero::pbf_writer described(type, 1);
  described.add_int32(1, static_cast<std::int32_t>(v.type));
  if (!v.has_shape) return;
  protozero::pbf_writer sizes(described, 2);
  for (std::size_t i = 0; i < v.dims.size(); ++i) {
    protozero::pbf_writer size(sizes, 1);
    if (v.dims[i] < 0) {
      size.add_string(2, i == 0 ? "batch" : v.name + "_size_" + std::to_string(i));
    } else {
      size.add_int64(1, v.dims[i]);
    }
  }
}

}  // namespace writing

inline std::string write(const model& m) {
  std::string bytes;
  protozero::pbf_writer out(bytes);
  out.add_int64(1, m.ir_version);
  out.add_string(2, m.producer_name);
  for (const opset& o : m.opsets) {
    protozero::pbf_writer set(out, 8);
    set.add_string(1, o.domain);
    set.add_int64(2, o.version);
  }
  protozero::pbf_writer g(out, 7);
  for (const node& n : m.graph.nodes) writing::write_node(protozero::pbf_writer(g, 1), n);
  g.add_string(2, m.graph.name);
  for (const tensor& t : m.graph.initializers) writing::write_tensor(protozero::pbf_writer(g, 5), t);
  for (const value_info& v : m.graph.inputs) writing::write_value_info(protozero::pbf_writer(g, 11), v);
  for (const value_info& v : m.graph.outputs) writing::write_value_info(protozero::pbf_writer(g, 12), v);
  return bytes;
}

/// Writes a model as a file, whole or not at all.
inline void save(const std::string& path, const model& m) { write_file(path, write(m)); }

}  // namespace equant::inline EQUANT_ABI::io::onnx
