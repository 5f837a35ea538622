// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/io/safetensors.hpp>

#include <cstdlib>

// Any bytes are tensors or a std::runtime_error; tensors can be written to the same again.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  equant::io::safetensors_file file;
  try {
    file = equant::io::parse_safetensors(bytes, "fuzzed");
  } catch (const std::runtime_error&) {
    return 0;
  }
  if (equant::io::parse_safetensors(equant::io::safetensors_bytes(file), "written") != file) std::abort();
  return 0;
}
