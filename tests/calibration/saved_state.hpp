// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include "catch.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

/// What every observer's save and load must do.
namespace saved_state {

/// Whether the bytes are refused with std::runtime_error and leave the observer as it was.
template <class Observer>
bool refused(Observer& observer, const std::string& bytes) {
  const std::string before = observer.save();
  try {
    observer.load(bytes);
  } catch (const std::runtime_error&) {
    CHECK(observer.save() == before);
    return true;
  }
  return false;
}

/// A state cut short, continued, or with one bit wrong. Bits of the figures may be wrong and still make a state: of
/// that, valid(observer) tells whether it is one that data could have led to.
template <class Observer, class Valid>
void refuses_damage(const Observer& saved, const Observer& loading, Valid valid) {
  const std::string bytes = saved.save();
  Observer observer = loading;
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    INFO("the first " << n << " of " << bytes.size() << " bytes");
    CHECK(refused(observer, bytes.substr(0, n)));
  }
  CHECK(refused(observer, bytes + '\0'));
  CHECK(refused(observer, std::string(bytes.size(), '\xff')));
  const std::size_t header = 8 + std::string_view(bytes).find('\1', 8);  // length, name, version 1
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    INFO("bit " << bit % 8 << " of byte " << bit / 8);
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const bool was_refused = refused(observer, damaged);
    if (bit / 8 < header) CHECK(was_refused);
    if (!was_refused) CHECK(valid(observer));
  }
}

}  // namespace saved_state
