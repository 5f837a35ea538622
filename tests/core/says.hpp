// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "catch.hpp"

#include <string>

/// A matcher for messages: CHECK_THROWS_WITH(f(), says("axis 3")). Catch2 3 has renamed its own.
inline auto says(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Contains(part);
#endif
}
