// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

/// Narrows, which -Wconversion reports: other people's headers are not held to our warnings.
inline int fetched(double x) {
  const int narrow = x;
  return narrow;
}
