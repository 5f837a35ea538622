// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <cstdint>

namespace equant::inline EQUANT_ABI {

/// Random bits that are the same on every machine (splitmix64; Steele, Lea and Flood, 2014): the i-th number, from 0,
/// of a seed is mixed(seed + (i + 1) * step), so that any of them is had without those before.
class splitmix64 {
 public:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;

  constexpr explicit splitmix64(std::uint64_t seed) : state_(seed) {}
  constexpr std::uint64_t operator()() { return mixed(state_ += step); }
  /// The next in [0, 1).
  constexpr double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

  static constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

}  // namespace equant::inline EQUANT_ABI
