// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <time.h>

#include <chrono>

namespace bench {

/// Seconds: this thread's own, which another program on the same CPU does not lengthen, or those on the wall.
inline double now(bool wall) {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec t;
  if (!wall && clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0) {
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
#endif
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace bench
