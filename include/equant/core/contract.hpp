// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

/// The one place that throws. A caller's mistake is `std::invalid_argument`, a bad file `std::runtime_error`.
///
/// Built with -fno-exceptions, the same failures go to a handler the program can set; a handler that returns, or
/// none at all, ends in `std::abort`, because there is no value to go on with.
namespace equant::inline EQUANT_ABI {

enum class failure { invalid_argument, bad_data };

using failure_handler = void (*)(failure kind, const char* message);

namespace contract {

inline failure_handler handler = nullptr;

inline std::string part(std::string_view text) { return std::string(text); }
inline std::string part(const std::string& text) { return text; }
inline std::string part(const char* text) { return text; }
inline std::string part(bool value) { return value ? "true" : "false"; }

template <class T>
  requires std::is_arithmetic_v<T>
std::string part(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
    return text;
  } else {
    return std::to_string(value);
  }
}

/// The parts, text and numbers, as one string. Appends only: g++ 12 warns inside `"text" + std::string`.
template <class... Parts>
std::string joined(const Parts&... parts) {
  std::string text;
  (text.append(part(parts)), ...);
  return text;
}

[[noreturn]] inline void raise(failure kind, const std::string& message) {
#ifdef __cpp_exceptions
  if (kind == failure::invalid_argument) throw std::invalid_argument(message);
  throw std::runtime_error(message);
#else
  if (handler != nullptr) handler(kind, message.c_str());
  std::abort();
#endif
}

/// Fails with `std::invalid_argument`; the parts (text and numbers) are joined to the message.
template <class... Parts>
[[noreturn]] void invalid_argument(const Parts&... parts) {
  raise(failure::invalid_argument, joined("equant: ", parts...));
}

/// Fails with `std::runtime_error`: data from outside (a file, a stream) is not what it claims to be.
template <class... Parts>
[[noreturn]] void bad_data(const Parts&... parts) {
  raise(failure::bad_data, joined("equant: ", parts...));
}

}  // namespace contract

/// Where failures go in programs built with -fno-exceptions. Returns the handler that was set before.
inline failure_handler set_failure_handler(failure_handler next) {
  failure_handler before = contract::handler;
  contract::handler = next;
  return before;
}

}  // namespace equant::inline EQUANT_ABI
