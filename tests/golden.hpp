// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

/// The golden files of tests/golden, read by code that shares nothing with the library. A file that is missing or has
/// another form fails the test: nothing is skipped.
namespace golden {

inline std::string read(const std::string& name) {
  std::ifstream in(std::string(EQUANT_TEST_FILES "/golden/") + name, std::ios::binary);
  if (!in) throw std::runtime_error("no golden file " + name);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// One line of a table, its fields by the name of their column.
class row {
 public:
  explicit row(std::map<std::string, std::string> fields) : fields_(std::move(fields)) {}

  const std::string& text(const std::string& column) const { return fields_.at(column); }
  double number(const std::string& column) const {
    const std::string& field = text(column);
    char* end = nullptr;
    const double value = std::strtod(field.c_str(), &end);
    if (field.empty() || *end != '\0') throw std::runtime_error("no number: " + column + " = " + field);
    return value;
  }
  int integer(const std::string& column) const { return static_cast<int>(number(column)); }
  float real(const std::string& column) const { return static_cast<float>(number(column)); }

 private:
  std::map<std::string, std::string> fields_;
};

inline std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> parts(1);
  for (char c : line) {
    if (c == ',') {
      parts.emplace_back();
    } else if (c != '\r') {
      parts.back() += c;
    }
  }
  return parts;
}

inline std::vector<row> csv(const std::string& name) {
  std::istringstream in(read(name));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> columns = split(line);
  std::vector<row> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> parts = split(line);
    if (parts.size() != columns.size()) throw std::runtime_error(name + ": " + line);
    std::map<std::string, std::string> fields;
    for (std::size_t i = 0; i < parts.size(); ++i) fields[columns[i]] = parts[i];
    rows.emplace_back(std::move(fields));
  }
  return rows;
}

/// The line of a table whose column `case` has this text.
inline row named(const std::vector<row>& rows, const std::string& name) {
  for (const row& r : rows) {
    if (r.text("case") == name) return r;
  }
  throw std::runtime_error("no golden case " + name);
}

template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// An array of rank 1 (as one column) or 2, little-endian, in C order.
template <class T>
matrix<T> npy(const std::string& name) {
  const std::string bytes = read(name);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes.at(i)); };
  const std::size_t start = 10u + byte(8) + 256u * byte(9);
  const std::string header = bytes.substr(10, start - 10);
  const auto after = [&](const std::string& key) {
    const std::size_t at = header.find(key);
    if (at == std::string::npos) throw std::runtime_error(name + ": no " + key);
    return header.substr(at + key.size());
  };
  const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  const std::string type = after("'descr': '").substr(1, 2);
  if (type != kind + std::to_string(sizeof(T))) throw std::runtime_error(name + " holds " + type);
  if (after("'fortran_order': ").substr(0, 5) != "False") throw std::runtime_error(name + ": order");
  std::istringstream sizes(after("'shape': ("));
  Eigen::Index rows = 0, columns = 1;
  char comma = 0;
  sizes >> rows >> comma;
  if (!(sizes >> columns)) columns = 1;
  matrix<T> m(rows, columns);
  const std::size_t wanted = static_cast<std::size_t>(m.size()) * sizeof(T);
  if (bytes.size() - start != wanted) throw std::runtime_error(name + ": size");
  std::memcpy(m.data(), bytes.data() + start, wanted);
  return m;
}

}  // namespace golden
