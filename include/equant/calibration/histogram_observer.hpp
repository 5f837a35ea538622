// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/distribution.hpp>
#include <equant/calibration/observer.hpp>

namespace equant::inline EQUANT_ABI {

/// The part that calibrators on the histogram share. They differ in nothing but the range they choose, so that one pass
/// over the data serves them all, at every width: `entropy{}.merge(observed)` takes what another one saw.
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

  void write(archive_writer& out) const { seen_.write(out); }
  void read(archive_reader& in) { seen_.read(in); }

 private:
  histogram seen_;
};

}  // namespace equant::inline EQUANT_ABI
