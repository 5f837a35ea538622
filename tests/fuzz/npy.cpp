// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/io/npy.hpp>

#include <cstdlib>

// Any bytes are an array or a std::runtime_error; an array can be seen, converted, and written to the same again.

using namespace equant;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string written(const io::npy_array& a) {
  const bool fortran_order = a.order != axis_order::row_major();
  std::string text = io::npy::header(a.type, a.sizes, fortran_order);
  text.append(reinterpret_cast<const char*>(a.data.data()), a.data.size());
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  io::npy_array a;
  try {
    a = io::parse_npy(bytes, "fuzzed");
  } catch (const std::runtime_error&) {
    return 0;
  }
  require(a.data.size() <= size);
  require(a.data.size() == static_cast<std::size_t>(a.count()) * io::npy::traits_of(a.type).size);
  a.visit([&](const auto& x) { require(x.sizes == a.sizes && x.count() == a.count()); });
  if (a.sizes.rank <= 2) require(a.to<Eigen::MatrixXd>().size() == a.count());
  if (a.sizes.rank <= 2) require(a.to<Eigen::Matrix<fp16, -1, -1, Eigen::RowMajor>>().size() == a.count());
  require(io::parse_npy(written(a), "written") == a);
  return 0;
}
