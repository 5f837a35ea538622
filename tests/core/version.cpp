// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/core/version.hpp>

// That CMake reads the same numbers is tested by consumers/app.
TEST_CASE("version: three numbers the preprocessor can compare") {
#if EQUANT_VERSION_MAJOR * 10000 + EQUANT_VERSION_MINOR * 100 + EQUANT_VERSION_PATCH >= 100
  SUCCEED();
#else
  FAIL("older than the first version");
#endif
}
