// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/archive.hpp>

#include <nlohmann/json.hpp>

#include <cmath>

/// The state of calibrators as JSON (needs nlohmann-json), exact in both directions:
///
///   {"kind":"min_max","version":1,"state":[-2.0,0.1]}
///
/// `state` is what `save` writes, field by field: numbers that are whole by nature without a point, real ones with a
/// point or an exponent, in as few digits as tell them apart; an infinity or NaN is {"real":"inf"}, "-inf" or "nan";
/// text has its bytes as the code points 0 to 255.
namespace equant::inline EQUANT_ABI {

namespace json {

using value = nlohmann::ordered_json;

inline value real(double x) {
  if (std::isfinite(x)) return x;
  return value{{"real", std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf"}};
}

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  contract::bad_data("JSON state of a calibrator: ", parts...);
}

/// Bytes as text of as many code points, and back; what a parser read is well-formed.
inline std::string text_of(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const unsigned byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) text += static_cast<char>(0xc0 | byte >> 6);
    text += static_cast<char>(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
  }
  return text;
}
inline std::string bytes_of(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = static_cast<unsigned char>(text[i]);
    if (byte > 0xc3) refuse("a text with characters that are no bytes");
    if (byte >= 0xc0) byte = (byte & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

/// One field of a state into an archive.
inline void put(const value& field, archive_writer& out) {
  if (field.is_number_float()) {
    out.real(field.get<double>());
  } else if (field.is_number_unsigned()) {
    out.word(field.get<std::uint64_t>());
  } else if (field.is_number_integer()) {
    out.integer(field.get<std::int64_t>());
  } else if (field.is_string()) {
    out.text(bytes_of(field.get<std::string>()));
  } else if (field == real(std::numeric_limits<double>::infinity())) {
    out.real(std::numeric_limits<double>::infinity());
  } else if (field == real(-std::numeric_limits<double>::infinity())) {
    out.real(-std::numeric_limits<double>::infinity());
  } else if (field == real(std::numeric_limits<double>::quiet_NaN())) {
    out.real(std::numeric_limits<double>::quiet_NaN());
  } else {
    refuse(field.dump(), " is no field of a state");
  }
}

}  // namespace json

/// The state of an observer, or of a granular one, as JSON.
template <class Observer>
std::string export_json(const Observer& observer) {
  archive_writer out(Observer::name, 1);
  observer.write(out);
  const std::string fields = out.fields();
  const std::string bytes = std::move(out).take();
  archive_reader in(bytes, Observer::name, 1);
  json::value state = json::value::array();
  for (std::size_t i = 2; i < fields.size(); ++i) {  // after kind and version
    switch (static_cast<archive_writer::field>(fields[i])) {
      case archive_writer::field::word: state.push_back(in.word()); break;
      case archive_writer::field::integer: state.push_back(in.integer()); break;
      case archive_writer::field::real: state.push_back(json::real(in.real())); break;
      case archive_writer::field::text: state.push_back(json::text_of(in.text())); break;
    }
  }
  return json::value{{"kind", Observer::name}, {"version", 1}, {"state", std::move(state)}}.dump();
}

/// Replaces an observer's state by an exported one; fails with std::runtime_error where the text is not one, naming the
/// offset where it is no JSON, and leaves the observer as it was.
template <class Observer>
void import_json(Observer& observer, std::string_view text) {
  json::value all;
  try {
    all = json::value::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    json::refuse("no JSON at offset ", e.byte);
  }
  const bool complete = all.is_object() && all.size() == 3 && all.contains("kind") && all.contains("version") &&
                        all.contains("state") && all["kind"].is_string() && all["version"].is_number_unsigned() &&
                        all["state"].is_array();
  if (!complete) json::refuse("it has a kind, a version and a state, and nothing else");
  archive_writer out(json::bytes_of(all["kind"].get<std::string>()), all["version"].get<std::uint32_t>());
  for (const json::value& field : all["state"]) json::put(field, out);
  observer.load(std::move(out).take());
}

}  // namespace equant::inline EQUANT_ABI
