// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "core/says.hpp"
#include "io/folder.hpp"

#include <equant/core/contiguous.hpp>
#include <equant/io/npy.hpp>

/// .npy files for the tests, their bytes written by hand after the format's specification (numpy.lib.format).
namespace npy_files {

using namespace equant;

inline std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (int v : values) text += static_cast<char>(v);
  return text;
}

/// A file of the given version with this header, which the specification lets end without padding.
inline std::string file(const std::string& dict, const std::string& data, int version = 1) {
  const std::string header = dict + "\n";
  const int n = static_cast<int>(header.size());
  std::string text = "\x93NUMPY" + bytes({version, 0, n % 256, n / 256});
  if (version > 1) text += bytes({0, 0});
  return text + header + data;
}

inline std::string dict(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

inline const std::string one_to_six = bytes({0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40,       // 1, 2, 3
                                      0, 0, 0x80, 0x40, 0, 0, 0xa0, 0x40, 0, 0, 0xc0, 0x40});  // 4, 5, 6

/// [[1, 2, 3], [4, 5, 6]] as np.save writes it: 10 + 118 bytes, then the numbers.
inline const std::string saved = "\x93NUMPY" + bytes({1, 0, 0x76, 0}) +
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
                          "                                                          \n" +
                          one_to_six;

inline io::npy_array parse(const std::string& text) { return io::parse_npy(text, "w.npy"); }

/// All values in logical order.
inline std::vector<double> values(const io::npy_array& a) { return a.to<std::vector<double>>(); }

/// Refused with the name of the file, the offset and `part`.
inline void refused(const std::string& text, const std::string& part) {
  INFO(part);
  CHECK_THROWS_AS(parse(text), std::runtime_error);
  CHECK_THROWS_WITH(parse(text), says("equant: w.npy, offset ") && says(part));
}

inline void refused_header(const std::string& header, const std::string& part) {
  refused(file(header, one_to_six), part);
}

/// The bytes save_npy writes.
template <class X>
std::string written(const X& x) {
  const folder here;
  io::save_npy(here / "x.npy", x);
  return io::read_file(here / "x.npy");
}

template <class M>
M counted(index_t rows, index_t cols) {
  M m(rows, cols);
  for (index_t i = 0; i < m.size(); ++i) {
    m(i / cols, i % cols) = static_cast<typename M::Scalar>(static_cast<float>(i + 1));
  }
  return m;
}

inline const std::vector<double> six = {1, 2, 3, 4, 5, 6};

}  // namespace npy_files
