// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/cpu.hpp>

#include "catch.hpp"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

using namespace equant;

namespace {

template <class... Isa>
bool all_supported(isa::list<Isa...>) {
  return (isa::supported<Isa>() && ...);
}

/// What Linux says of an x86 CPU; empty where it says nothing.
std::set<std::string> flags_of_the_system() {
#if defined(__x86_64__)
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("flags", 0) != 0) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
#endif
  return {};
}

}  // namespace

TEST_CASE("cpu: what runs here is supported here") {
  CHECK(cpu_supports_native());
  CHECK(isa::supported());
  CHECK(all_supported(isa::compiled{}));
  CHECK(isa::supported<isa::portable>());
  CHECK(cpu::missing(0) == 0);
}

TEST_CASE("cpu: nothing has everything") {
  const cpu::features everything = (cpu::features{1} << std::size(cpu::names)) - 1;
  CHECK(cpu::missing(everything) != 0);
  CHECK((cpu::missing(everything) & cpu::native) == 0);
  CHECK(cpu::missing(cpu::features{1} << 40) == cpu::features{1} << 40);
}

TEST_CASE("cpu: agrees with the operating system") {
  const auto flags = flags_of_the_system();
  if (flags.empty()) EQUANT_SKIP("the system names no flags of this CPU");
  const auto has = [&](const char* name) { return flags.count(name) == 1; };
  const auto there = [](cpu::features f) { return cpu::missing(f) == 0; };
  CHECK(there(cpu::sse3) == has("pni"));
  CHECK(there(cpu::ssse3) == has("ssse3"));
  CHECK(there(cpu::sse41) == has("sse4_1"));
  CHECK(there(cpu::sse42) == has("sse4_2"));
  CHECK(there(cpu::avx) == has("avx"));
  CHECK(there(cpu::f16c) == has("f16c"));
  CHECK(there(cpu::fma) == has("fma"));
  CHECK(there(cpu::bmi2) == has("bmi2"));
  CHECK(there(cpu::avx2) == has("avx2"));
  CHECK(there(cpu::avx512f) == has("avx512f"));
  CHECK(there(cpu::avx512bw) == (has("avx512bw") && has("avx512dq") && has("avx512vl")));
  CHECK(there(cpu::avx512vnni) == has("avx512_vnni"));
  CHECK(there(cpu::avx512vbmi) == has("avx512vbmi"));
  // Older systems have no name for these.
  CHECK((there(cpu::avxvnni) || !has("avx_vnni")));
  CHECK((there(cpu::avx512bf16) || !has("avx512_bf16")));
  CHECK((there(cpu::avx512fp16) || !has("avx512_fp16")));
}
