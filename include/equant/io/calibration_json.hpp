// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/archive.hpp>

#include <charconv>
#include <cstdio>
#include <limits>

/// The state of a calibrator as JSON, to be kept beside a model or read by other programs:
///
///   {"kind": "mse", "version": 1, "state": [1, 2, 4575657222473777152, 3]}
///
/// `state` holds the fields of `save` in order: whole numbers as they are, reals with a point or an exponent (as many
/// digits as give back every bit; {"real": "inf"} where JSON has no number), text with its bytes as the code points
/// 0 to 255. It is exact: import_json(export_json(x)) equals x.
namespace equant::inline EQUANT_ABI {

namespace json {

inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20 && code < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\u%04x", unsigned{code});
      out += escape;
    }
  }
  return out + '"';
}

inline std::string real(double value) {
  char digits[40];
  const std::string text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  if (!(value - value == 0)) return "{\"real\": " + quoted(text) + "}";
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

/// Reads what export_json writes, with any white space; anything else is refused with its offset.
class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  bool peek(char c) {
    while (at_ < text_.size() && std::string_view(" \n\t\r").find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size() && text_[at_] == c;
  }
  bool next(char c) {
    if (!peek(c)) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!next(c)) fail("'", std::string(1, c), "' was expected");
  }
  void key(std::string_view name) {
    if (string() != name) fail("the key ", name, " was expected");
    expect(':');
  }
  void finish() {
    peek('}');
    if (at_ != text_.size()) fail("text follows the end");
  }

  std::string string() {
    expect('"');
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c == '\\') c = escaped();
      out += c;
    }
    if (at_ == text_.size()) fail("a string does not end");
    ++at_;
    return out;
  }

  /// The characters of a number.
  std::string_view number() {
    peek('-');
    const std::size_t from = at_;
    while (at_ < text_.size() && (std::string_view("+-.eE").find(text_[at_]) != std::string_view::npos ||
                                  (text_[at_] >= '0' && text_[at_] <= '9'))) {
      ++at_;
    }
    if (at_ == from) fail("a value was expected");
    return text_.substr(from, at_ - from);
  }
  template <class T>
  T parsed(std::string_view digits) {
    T value{};
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) fail("the number ", digits);
    return value;
  }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    contract::bad_data("JSON state of a calibrator, offset ", at_, ": ", parts...);
  }

 private:
  char escaped() {
    const char kind = at_ < text_.size() ? text_[at_++] : '\0';
    if (kind == '"' || kind == '\\' || kind == '/') return kind;
    unsigned code = 256;
    if (kind == 'u' && text_.size() - at_ >= 4) {
      const char* digits = text_.data() + at_;
      const auto end = std::from_chars(digits, digits + 4, code, 16);
      at_ += 4;
      if (end.ptr != digits + 4) code = 256;
    }
    if (code > 255) fail("an escape that no state has");
    return static_cast<char>(static_cast<unsigned char>(code));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace json

/// The state of an observer, or of a granular one, as JSON.
template <class Observer>
std::string export_json(const Observer& observer) {
  archive_writer out(Observer::name, 1);
  observer.write(out);
  const std::vector<archive_writer::field> fields = out.fields();
  const std::string bytes = std::move(out).take();
  archive_reader in(bytes, Observer::name, 1);
  std::string text = "{\"kind\": " + json::quoted(Observer::name) + ", \"version\": 1, \"state\": [";
  for (std::size_t i = 2; i < fields.size(); ++i) {  // after kind and version
    if (i > 2) text += ", ";
    switch (fields[i]) {
      case archive_writer::field::word: text += std::to_string(in.word()); break;
      case archive_writer::field::integer: text += std::to_string(in.integer()); break;
      case archive_writer::field::real: text += json::real(in.real()); break;
      case archive_writer::field::text: text += json::quoted(in.text()); break;
    }
  }
  return text + "]}";
}

/// Replaces an observer's state by an exported one; fails with std::runtime_error where the text is not one, and leaves
/// the observer as it was.
template <class Observer>
void import_json(Observer& observer, std::string_view text) {
  json::reader in(text);
  in.expect('{');
  in.key("kind");
  const std::string kind = in.string();
  in.expect(',');
  in.key("version");
  const auto version = in.parsed<std::uint32_t>(in.number());
  in.expect(',');
  in.key("state");
  in.expect('[');
  archive_writer out(kind, version);
  for (bool more = !in.next(']'); more; more = !in.next(']')) {
    if (out.fields().size() > 2) in.expect(',');
    if (in.next('{')) {
      in.key("real");
      const std::string name = in.string();
      constexpr double infinity = std::numeric_limits<double>::infinity();
      out.real(name == "inf" ? infinity : name == "-inf" ? -infinity : std::numeric_limits<double>::quiet_NaN());
      in.expect('}');
    } else if (in.peek('"')) {
      out.text(in.string());
    } else {
      const std::string_view digits = in.number();
      if (digits.find_first_of(".eE") != std::string_view::npos) {
        out.real(in.parsed<double>(digits));
      } else if (digits.starts_with('-')) {
        out.integer(in.parsed<std::int64_t>(digits));
      } else {
        out.word(in.parsed<std::uint64_t>(digits));
      }
    }
  }
  in.expect('}');
  in.finish();
  observer.load(std::move(out).take());
}

}  // namespace equant::inline EQUANT_ABI
