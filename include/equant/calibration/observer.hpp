// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/fit.hpp>
#include <equant/calibration/scan.hpp>
#include <equant/core/archive.hpp>

/// Observers look at data, batch by batch, and choose the range to represent. They stream: memory does not grow with
/// the data. They merge: what two threads, processes or machines saw is put together, through `save` and `load` where
/// memory is not shared.
namespace equant::inline EQUANT_ABI {

/// What a calibrator must be to serve `quantize`, `granular` and the rest. It derives from `observer`, and has
///   name                  for messages and saved state
///   uses_values           whether it wants the values of a batch, or their range alone
///   absorb(range)         a batch's range, never empty, before its values
///   add(values, count)    the batch's finite values, where uses_values
///   seen()                whether any value was observed
///   range<Format>(scheme) the interval to represent
///   merge, write, read    state from and to another of its kind
template <class C>
concept calibrator = requires(C c, const C other, interval x, archive_writer& out, archive_reader& in) {
  { C::name } -> std::convertible_to<const char*>;
  { C::uses_values } -> std::convertible_to<bool>;
  c.absorb(x);
  c.merge(other);
  { other.seen() } -> std::same_as<bool>;
  other.write(out);
  c.read(in);
};

/// The part all calibrators share: how data comes in and parameters go out.
template <class Derived>
class observer {
 public:
  static constexpr bool uses_values = false;

  /// Looks at one batch, any tensor. A batch that is refused leaves the observer as it was; an empty one is nothing.
  /// The range of a batch is found on the executor's threads; what else a calibrator does stays on the caller's.
  template <tensor_source X, executor Executor = serial>
  void observe(const X& x, non_finite policy = non_finite::reject, Executor&& run_on = {}) {
    with_view(x, [&](const auto& v) { observe_view(v, policy, run_on); });
  }

  /// The scale and zero point for a format, by a scheme and a convention. Throws where nothing was observed. T is the
  /// type of the data, for conventions that compute in it.
  template <element_format Format, class T = float, range_scheme Scheme,
            quantization_convention Convention = convention::standard>
  parameters<map_of<Convention, Scheme, T>> params(Scheme scheme, Convention how = {}) const {
    if (!self().seen()) contract::invalid_argument(Derived::name, " has not observed any value");
    return fit<Format, T>(self().template range<Format>(scheme), scheme, how);
  }

  /// The state as bytes, the same on every machine.
  std::string save() const {
    archive_writer out(Derived::name, 1);
    self().write(out);
    return std::move(out).take();
  }

  /// Replaces the state by a saved one; fails with std::runtime_error where the bytes are not one.
  void load(std::string_view bytes) {
    archive_reader in(bytes, Derived::name, 1);
    Derived loaded = self();
    loaded.read(in);
    in.finish();
    self() = std::move(loaded);
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
  const Derived& self() const { return static_cast<const Derived&>(*this); }

  template <class T, class Executor>
  void observe_view(const view<const T>& x, non_finite policy, Executor& run_on) {
    const blocking all = normal_form(per_tensor, x.sizes);
    const interval seen = scan_ranges(x, all, policy, run_on)[0];
    if (scanning::empty(seen)) return;
    self().absorb(seen);
    if constexpr (Derived::uses_values) {
      const traversal walk(x.sizes, x.order(), x.strides, x.strides, all);
      walk.for_each_run([&](const run& r) {
        read_line(x.data + r.a, r.a_step, r.count, [&](const working<T>* v, index_t n, index_t) {
          scanning::for_finite(v, n, policy, [&](const working<T>* f, index_t m) { self().add(f, m); });
        });
      });
    }
  }
};

}  // namespace equant::inline EQUANT_ABI
