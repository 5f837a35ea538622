// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/distribution.hpp>
#include <equant/calibration/observer.hpp>

namespace equant::inline EQUANT_ABI {

/// The part that calibrators on the histogram share. They differ in nothing but the range they choose, so that one pass
/// over the data serves them all, at every width: `entropy{}.merge(observed)` takes what another one saw. One that has
/// settings to be saved with what was seen has `write_settings` and `read_settings`.
template <class Derived>
class histogram_observer : public observer<Derived> {
 public:
  static constexpr bool uses_values = true;

  void absorb(interval) {}
  template <class T>
  void add(const T* x, index_t n) {
    seen_.add(x, n);
  }
  template <class Other>
  void merge(const histogram_observer<Other>& other) {
    seen_.merge(other.values());
  }
  void merge(const histogram& other) { seen_.merge(other); }

  bool seen() const { return seen_.count() > 0; }
  const histogram& values() const { return seen_; }

  void write(archive_writer& out) const {
    if constexpr (requires(const Derived& d) { d.write_settings(out); }) {
      static_cast<const Derived*>(this)->write_settings(out);
    }
    seen_.write(out);
  }
  void read(archive_reader& in) {
    if constexpr (requires(Derived& d) { d.read_settings(in); }) static_cast<Derived*>(this)->read_settings(in);
    seen_.read(in);
  }

 private:
  histogram seen_;
};

}  // namespace equant::inline EQUANT_ABI
