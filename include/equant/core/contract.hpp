// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/isa.hpp>

#include <cstdio>
#include <cstdlib>
#include <span>
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

/// One part of a message, text or a number. Made of no type that a message could bring along, so that the hundreds of
/// messages share the code that joins them.
class message_part {
 public:
  explicit message_part(std::string_view text) : text_(text) {}
  explicit message_part(const std::string& text) : text_(text) {}
  explicit message_part(const char* text) : text_(text) {}
  explicit message_part(bool value) : text_(value ? "true" : "false") {}
  template <class T>
    requires std::is_floating_point_v<T>
  explicit message_part(T value) {
    holds(std::snprintf(digits_, sizeof digits_, "%.9g", static_cast<double>(value)));
  }
  template <class T>
    requires std::is_integral_v<T>
  explicit message_part(T value) {
    if constexpr (std::is_signed_v<T>) {
      holds(std::snprintf(digits_, sizeof digits_, "%lld", static_cast<long long>(value)));
    } else {
      holds(std::snprintf(digits_, sizeof digits_, "%llu", static_cast<unsigned long long>(value)));
    }
  }
  message_part(const message_part&) = delete;

  std::string_view text() const { return text_; }

 private:
  void holds(int length) { text_ = {digits_, static_cast<std::size_t>(length)}; }

  std::string_view text_;
  char digits_[32];
};

inline std::string joined(std::span<const message_part> parts) {
  std::string text;
  for (const message_part& p : parts) text.append(p.text());
  return text;
}

/// The parts, text and numbers, as one string.
template <class... Parts>
std::string joined(const Parts&... parts) {
  const message_part all[] = {message_part(parts)...};
  return joined(std::span<const message_part>(all));
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
