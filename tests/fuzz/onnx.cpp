// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/nn/export.hpp>
#include <equant/nn/import.hpp>

#include <cstdlib>

// Any bytes are a network or a std::runtime_error; a network has sizes for some batch or says why not, and what is
// written of it is a network again.

using namespace equant;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  nn::graph g;
  try {
    const io::onnx::model m = io::onnx::read(bytes, "fuzzed");
    g = nn::from_onnx(m, "fuzzed");
  } catch (const std::runtime_error&) {
    return 0;
  }
  io::onnx::model again;
  try {
    again = nn::to_onnx(g);
  } catch (const std::invalid_argument&) {
    return 0;
  }
  const nn::graph read = nn::from_onnx(again, "written");
  require(read.inputs.size() == g.inputs.size() && read.outputs.size() == g.outputs.size());
  return 0;
}
