// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/io/gguf.hpp>

#include <cstdlib>

// Any bytes are a GGUF file or a std::runtime_error; what was read can be written to the same again.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  equant::io::gguf_file file;
  try {
    file = equant::io::parse_gguf(bytes, "fuzzed");
  } catch (const std::runtime_error&) {
    return 0;
  }
  if (equant::io::parse_gguf(equant::io::gguf_bytes(file), "written") != file) std::abort();
  return 0;
}
