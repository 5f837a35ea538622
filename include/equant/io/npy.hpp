// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/io/file.hpp>
#include <equant/io/npy_array.hpp>

#include <bit>
#include <charconv>

/// NumPy's .npy files: one array, versions 1.0, 2.0 and 3.0 of the format (numpy.lib.format, NEP 1).
///
///   magic "\x93NUMPY", version, header length, header, data
///
/// The header is a Python dict: {'descr': '<f4', 'fortran_order': False, 'shape': (128, 64), }.
/// Booleans, integers and floats of up to 64 bits are read, in either byte order; strings, objects, complex
/// numbers and structured types are not.
namespace equant::inline EQUANT_ABI::io {

namespace npy {

inline constexpr std::string_view magic = "\x93NUMPY";

/// Reads a file from the front, its header token by token; `token_` is where the last one starts, for messages.
class reader {
 public:
  reader(std::string_view file, std::string_view name) : file_(file), name_(name) {}

  /// The array, after which nothing may follow.
  npy_array read() {
    preamble();
    dict();
    const type_traits& type = traits_of(array_.type);
    const std::size_t size = count() * type.size;
    const std::string_view rest = file_.substr(end_);
    token_ = end_;
    if (rest.size() != size) {
      fail(type.name, " of shape ", equant::to_string(array_.sizes), " needs ", size,
           " bytes of data, the file holds ", rest.size());
    }
    array_.data = byte_buffer(size);
    std::uint8_t* data = array_.data.data();
    std::copy(rest.begin(), rest.end(), data);
    if (array_.type == npy_type::boolean) {
      std::replace_if(data, data + size, [](int b) { return b != 0; }, std::uint8_t{1});
    }
    for (std::size_t i = 0; swapped_ && i < size; i += type.size) {
      std::reverse(data + i, data + i + type.size);
    }
    return std::move(array_);
  }

 private:
  /// Magic, version and length of the header, which is then known to lie inside the file and to be text.
  void preamble() {
    if (!file_.starts_with(magic)) {
      if (magic.starts_with(file_)) fail("the file ends inside the magic string");
      fail("not an .npy file, which starts with \\x93NUMPY");
    }
    token_ = magic.size();
    if (file_.size() < 8) fail("the file ends inside the version");
    if (byte(6) < 1 || byte(6) > 3 || byte(7) != 0) {
      fail("format version ", byte(6), ".", byte(7), " is not 1.0, 2.0 or 3.0");
    }
    token_ = 8;
    at_ = byte(6) == 1 ? 10 : 12;
    if (file_.size() < at_) fail("the file ends inside the header length");
    std::size_t length = 0;
    for (std::size_t i = at_; i-- > 8;) length = length * 256 + byte(i);
    if (length > file_.size() - at_) {
      fail("the file ends inside the header: ", file_.size() - at_, " of ", length, " bytes");
    }
    end_ = at_ + length;
    for (token_ = at_; token_ < end_; ++token_) {
      const std::size_t c = byte(token_);
      const bool printable = (c >= ' ' && c <= '~') || c == '\n' || c == '\t' || c == '\r';
      if (!printable) fail("byte ", c, " in the header is not ASCII text");
    }
  }

  /// The header: three keys, in any order.
  void dict() {
    bool has_descr = false, has_order = false, has_shape = false;
    auto once = [&](bool& has, std::string_view key) {
      if (has) fail("the key '", key, "' appears twice");
      has = true;
    };
    if (!accept('{')) fail("the header is not a dict");
    while (!accept('}')) {
      const std::string_view key = text("a key in quotes");
      if (key == "descr") {
        once(has_descr, key);
        expect(':');
        descr();
      } else if (key == "fortran_order") {
        once(has_order, key);
        expect(':');
        fortran_order_ = truth();
      } else if (key == "shape") {
        once(has_shape, key);
        expect(':');
        tuple();
      } else {
        fail("unknown key '", key.substr(0, 40), "'");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (peek() != '\0') fail("text after the dict");
    token_ = end_;
    if (!has_descr) fail("the header has no key 'descr'");
    if (!has_order) fail("the header has no key 'fortran_order'");
    if (!has_shape) fail("the header has no key 'shape'");
    if (fortran_order_) array_.order = axis_order::column_major(array_.sizes.rank);
  }

  /// The type: byte order, kind, size in bytes.
  void descr() {
    if (accept('[')) fail("'descr' is a structured type; booleans, integers and floats are read");
    const std::string_view found = text("'descr' in quotes");
    const bool ordered = found.size() == 3 && std::string_view("<>=|").find(found[0]) != found.npos;
    for (std::size_t i = 0; ordered && i < types.size(); ++i) {
      if (found[1] == types[i].kind && found.substr(2) == std::to_string(types[i].size)) {
        array_.type = static_cast<npy_type>(i);
        swapped_ = found[0] == (std::endian::native == std::endian::little ? '>' : '<');
        return;
      }
    }
    fail("'descr' is '", found.substr(0, 40), "'; booleans, integers and floats are read");
  }

  bool truth() {
    peek();
    for (const std::string_view word : {"True", "False"}) {
      if (file_.substr(at_, end_ - at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    }
    fail("'fortran_order' is neither True nor False");
  }

  void tuple() {
    shape& sizes = array_.sizes;
    if (!accept('(')) fail("'shape' is not a tuple");
    while (!accept(')')) {
      if (sizes.rank == max_rank) fail("'shape' has more than ", max_rank, " axes");
      sizes[sizes.rank++] = axis_size();
      if (accept(',')) continue;
      expect(')');
      if (sizes.rank == 1) fail("'shape' is a number, a tuple of one is (", sizes[0], ",)");
      break;
    }
  }

  /// One axis of 'shape'.
  index_t axis_size() {
    peek();
    index_t n = 0;
    const auto [end, error] = std::from_chars(file_.data() + at_, file_.data() + end_, n);
    if (error == std::errc::result_out_of_range) fail("a size in 'shape' is too large");
    if (error != std::errc()) fail("'shape' holds something that is not an integer");
    if (n < 0) fail("'shape' holds the negative size ", n);
    at_ = static_cast<std::size_t>(end - file_.data());
    return n;
  }

  /// The number of elements, which with 16 bytes each still counts in index_t; so do the strides of empty arrays.
  std::size_t count() const {
    const index_t most = std::numeric_limits<index_t>::max() / 16;
    index_t n = 1;
    for (int axis = 0; axis < array_.sizes.rank; ++axis) {
      const index_t length = std::max<index_t>(array_.sizes[axis], 1);
      if (n > most / length) fail("'shape' (", equant::to_string(array_.sizes), ") is too large");
      n *= length;
    }
    return static_cast<std::size_t>(array_.count());
  }

  /// A string without escapes.
  std::string_view text(const char* what) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("expected ", what);
    const char* stops = quote == '"' ? "\"\\\n\r" : "'\\\n\r";
    const std::size_t end = file_.substr(0, end_).find_first_of(stops, at_ + 1);
    if (end == file_.npos || file_[end] != quote) fail("a string does not end, or holds an escape");
    const std::string_view found = file_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return found;
  }

  void expect(char c) {
    if (!accept(c)) fail("expected '", std::string_view(&c, 1), "'");
  }

  bool accept(char c) {
    const bool found = peek() == c;
    if (found) ++at_;
    return found;
  }

  /// The next character that is no space, 0 at the end of the header: the start of a token.
  char peek() {
    token_ = at_ = std::min(end_, file_.find_first_not_of(" \n\t\r", at_));
    return at_ < end_ ? file_[at_] : '\0';
  }

  std::size_t byte(std::size_t at) const { return static_cast<unsigned char>(file_[at]); }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    contract::bad_data(name_, ", offset ", token_, ": ", parts...);
  }

  std::string_view file_, name_;
  std::size_t at_ = 0;     // the next character
  std::size_t token_ = 0;  // the start of the last token
  std::size_t end_ = 0;    // the end of the header
  npy_array array_;
  bool swapped_ = false, fortran_order_ = false;
};

/// What stands before the data, byte for byte as NumPy (1.23 and newer) writes it: version 1.0, room for 21
/// digits of the axis that grows when data is appended, spaces to a multiple of 64.
inline std::string header(npy_type type, const shape& sizes, bool fortran_order) {
  const type_traits& t = traits_of(type);
  std::string text = "{'descr': '";
  text += t.size == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  text += t.kind + std::to_string(t.size);
  text += std::string("', 'fortran_order': ") + (fortran_order ? "True" : "False") + ", 'shape': (";
  for (int axis = 0; axis < sizes.rank; ++axis) {
    if (axis > 0) text += ' ';
    text += std::to_string(sizes[axis]);
    if (axis < sizes.rank - 1 || sizes.rank == 1) text += ',';
  }
  text += "), }";
  if (sizes.rank > 0) {
    text.append(21 - std::to_string(sizes[fortran_order ? sizes.rank - 1 : 0]).size(), ' ');
  }
  text.append(64 - (10 + text.size() + 1) % 64, ' ');
  text += '\n';
  const auto low = static_cast<char>(text.size() % 256);
  const auto high = static_cast<char>(text.size() / 256);
  return std::string(magic) + '\x01' + '\x00' + low + high + text;
}

/// Whether x is one block of memory in `order`. Steps along axes of size 1 do not matter.
template <class T>
bool lies_in(const axis_order& order, const view<const T>& x) {
  const shape dense = dense_strides(x.sizes, order);
  for (int axis = 0; axis < x.sizes.rank; ++axis) {
    if (x.sizes[axis] > 1 && x.strides[axis] != dense[axis]) return x.count() == 0;
  }
  return true;
}

template <class T>
void save(const std::string& path, const view<const T>& x) {
  using stored = std::conditional_t<std::same_as<T, bf16>, float, T>;
  const axis_order rows = axis_order::row_major();
  const axis_order columns = axis_order::column_major(x.sizes.rank);
  const bool c_order = lies_in(rows, x);
  const bool fortran_order = !c_order && lies_in(columns, x);
  const std::size_t size = static_cast<std::size_t>(x.count()) * sizeof(stored);
  byte_buffer gathered;
  const void* data = x.data;
  if (!std::same_as<T, stored> || !(c_order || fortran_order)) {
    gathered = byte_buffer(size);
    auto* values = reinterpret_cast<stored*>(gathered.data());
    copy(x, view<stored>{values, x.sizes, dense_strides(x.sizes, fortran_order ? columns : rows)});
    data = values;
  }
  file_writer out(path);
  out.write(header(type_of<stored>(), x.sizes, fortran_order));
  if (size > 0) out.write({static_cast<const char*>(data), size});
  out.commit();
}

}  // namespace npy

/// The array in the bytes of an .npy file. Anything that is not exactly one is a std::runtime_error with `name`
/// (of the file), the offset and the field. Takes no more memory than the data that is there.
inline npy_array parse_npy(std::string_view bytes, std::string_view name) {
  return npy::reader(bytes, name).read();
}

/// The array in the file `path`.
inline npy_array load_npy(const std::string& path) { return parse_npy(read_file(path), path); }

/// Writes x as the file `path`, whole or not at all. Row-major and column-major (fortran_order) memory goes out as
/// it lies, anything else in row-major order; bfloat16, which NumPy lacks, as float32. A view may hold integers
/// or bool too: save_npy(path, view<const std::int8_t>{data, sizes, row_major_strides(sizes)}).
template <tensor_source X>
void save_npy(const std::string& path, const X& x) {
  with_view(x, [&](const auto& values) { npy::save(path, values); });
}

}  // namespace equant::inline EQUANT_ABI::io
