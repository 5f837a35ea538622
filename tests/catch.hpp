// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

// One door to Catch2, versions 2 and 3.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

/// Ends a test case that cannot run here; ctest shows it as skipped.
#define EQUANT_SKIP(reason)          \
  do {                               \
    WARN("SKIPPED: " << reason);     \
    return;                          \
  } while (false)
