// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/eigen.hpp>
#include <equant/core/traversal.hpp>
#include <equant/storage/buffer.hpp>

#include <string_view>
#include <vector>

namespace equant::inline EQUANT_ABI::io {

/// The types of elements that are read and written.
enum class npy_type : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float16,
  float32,
  float64
};

namespace npy {

struct type_traits {
  char kind;
  std::size_t size;
  std::string_view name;
};
inline constexpr std::array<type_traits, 12> types = {{
    {'b', 1, "bool"},   {'i', 1, "int8"},    {'i', 2, "int16"},   {'i', 4, "int32"},
    {'i', 8, "int64"},  {'u', 1, "uint8"},   {'u', 2, "uint16"},  {'u', 4, "uint32"},
    {'u', 8, "uint64"}, {'f', 2, "float16"}, {'f', 4, "float32"}, {'f', 8, "float64"},
}};
constexpr const type_traits& traits_of(npy_type type) {
  return types[static_cast<std::size_t>(type)];
}

/// The type that holds a T; bfloat16 has none.
template <class T>
  requires(std::is_arithmetic_v<T> || std::same_as<T, fp16>) && (sizeof(T) <= 8)
constexpr npy_type type_of() {
  const char integer = std::is_signed_v<T> ? 'i' : 'u';
  const char kind = std::same_as<T, bool> ? 'b' : std::integral<T> ? integer : 'f';
  std::size_t i = 0;
  while (types[i].kind != kind || types[i].size != sizeof(T)) ++i;
  return static_cast<npy_type>(i);
}

/// to = from, element by element, in whatever order either lies.
template <class From, class To>
void copy(const view<const From>& from, const view<To>& to) {
  const traversal walk(from.sizes, from.order(), from.strides, to.strides,
                       normal_form(per_tensor, from.sizes));
  walk.for_each_run([&](const run& r) {
    const From* a = from.data + r.a;
    To* b = to.data + r.b;
    for (index_t i = 0; i < r.count; ++i) {
      const From& x = a[i * r.a_step];
      if constexpr (std::same_as<From, To>) {
        b[i * r.b_step] = x;
      } else if constexpr (std::same_as<To, double>) {
        b[i * r.b_step] = static_cast<double>(x);
      } else {
        b[i * r.b_step] = static_cast<To>(static_cast<float>(x));
      }
    }
  });
}

}  // namespace npy

/// "float32": NumPy's own name.
constexpr std::string_view to_string(npy_type type) { return npy::traits_of(type).name; }

/// An array that owns its elements: `data` lies densely in `order` (row-major, or column-major for fortran_order),
/// in the byte order of this machine. Booleans are bytes of 0 and 1.
struct npy_array {
  npy_type type = npy_type::float32;
  shape sizes{};
  axis_order order = axis_order::row_major();
  byte_buffer data{};

  index_t count() const { return sizes.count(); }

  /// The elements in place; std::invalid_argument where T is not their type. Booleans are seen as std::uint8_t.
  template <class T>
  view<const T> as() const {
    constexpr npy_type asked = npy::type_of<T>();
    if (asked != (type == npy_type::boolean ? npy_type::uint8 : type)) {
      contract::invalid_argument("an array of ", to_string(type), " is not one of ", to_string(asked));
    }
    if (data.size() != static_cast<std::size_t>(checked_count(sizes)) * sizeof(T)) {
      contract::invalid_argument("an array of ", to_string(sizes), " ", to_string(type), " with ",
                                 data.size(), " bytes of data");
    }
    return {reinterpret_cast<const T*>(data.data()), sizes, dense_strides(sizes, order)};
  }

  /// Calls f(view<const T>) with T the type of the elements (`as`).
  template <class F>
  decltype(auto) visit_stored(F&& f) const {
    switch (type) {
      case npy_type::boolean:
      case npy_type::uint8: return f(as<std::uint8_t>());
      case npy_type::uint16: return f(as<std::uint16_t>());
      case npy_type::uint32: return f(as<std::uint32_t>());
      case npy_type::uint64: return f(as<std::uint64_t>());
      case npy_type::int8: return f(as<std::int8_t>());
      case npy_type::int16: return f(as<std::int16_t>());
      case npy_type::int32: return f(as<std::int32_t>());
      case npy_type::int64: return f(as<std::int64_t>());
      case npy_type::float16: return f(as<fp16>());
      case npy_type::float32: return f(as<float>());
      case npy_type::float64: return f(as<double>());
    }
    contract::invalid_argument("npy_type ", static_cast<int>(type), " does not exist");
  }

  /// Calls f(view<const T>) with real elements, as `quantize` takes them: floats as they are; booleans and integers
  /// of 8 and 16 bits as float and of 32 bits as double, which is exact; of 64 bits as the nearest double. What
  /// was converted lives as long as the call.
  template <class F>
  decltype(auto) visit(F&& f) const {
    return visit_stored([&]<class T>(const view<const T>& x) -> decltype(auto) {
      if constexpr (real_scalar<T>) {
        return f(x);
      } else {
        using real = std::conditional_t<sizeof(T) <= 2, float, double>;
        std::vector<real> values(static_cast<std::size_t>(x.count()));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<real>(x.data[i]);
        return f(view<const real>{values.data(), x.sizes, x.strides});
      }
    });
  }

  /// A copy as an object of type Plain: an Eigen matrix or array for rank 0 to 2, an Eigen::Tensor of the same rank
  /// (core/tensor.hpp), a std::vector with the elements in row-major order (core/contiguous.hpp).
  template <class Plain>
  Plain to() const {
    auto result = make_plain<Plain>(sizes);
    const auto target = bridge<Plain>::look(result);
    const shape strides = target.sizes == sizes ? target.strides : row_major_strides(sizes);
    visit_stored([&](const auto& x) {
      npy::copy(x, view<scalar_of<Plain>>{target.data, sizes, strides});
    });
    return result;
  }

  bool operator==(const npy_array&) const = default;
};

}  // namespace equant::inline EQUANT_ABI::io
