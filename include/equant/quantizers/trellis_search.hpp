// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/kernels/viterbi.hpp>
#include <equant/quantizers/trellis_table.hpp>

#include <utility>

namespace equant::inline EQUANT_ABI::trellis {

/// Finds the path through a trellis (see kernels/viterbi.hpp) whose values lie nearest to a run of samples, and that
/// ends where it began: the run's bits then are all there is to store, and the state at any sample is the last `length`
/// of them in a circle.
///
/// That state at the seam is found first, by a free search over the samples around it; a second search over the run
/// holds it fixed. This is not always the best circular path, but close: the far end of a path hardly depends on its
/// beginning.
template <int Bits>
class search {
 public:
  /// `table` has 2^length values and outlives the search.
  search(const values& table, int length)
      : table_(table.data()),
        length_(length),
        groups_(index_t{1} << (length - Bits)),
        around_(12 * length / Bits),
        costs_{costs(static_cast<std::size_t>(groups_ + kernels::viterbi_slack)), costs_[0]} {}

  /// Writes the Bits bits that each of n samples (in steps) adds to the stream, n * Bits >= length.
  void closed(const std::int16_t* x, index_t n, std::uint8_t* symbols) {
    const index_t seam = group_before(x, n);
    std::fill(costs_[0].begin(), costs_[0].end(), std::uint16_t{65535});
    costs_[0][static_cast<std::size_t>(seam)] = 0;
    advance(n, [&](index_t i) { return x[i]; });
    trace(seam, n, [&](index_t i, index_t state) {
      symbols[i] = static_cast<std::uint8_t>(state & ((1 << Bits) - 1));
    });
  }

 private:
  using costs = aligned_vector<std::uint16_t>;

  /// The group that a free path through the end of the circle and its beginning comes to at sample 0.
  index_t group_before(const std::int16_t* x, index_t n) {
    std::fill(costs_[0].begin(), costs_[0].end(), std::uint16_t{0});
    advance(2 * around_, [&](index_t i) { return x[(i + (n - around_ % n)) % n]; });
    const auto end = costs_[0].begin() + groups_;
    index_t seam = 0;
    trace(std::min_element(costs_[0].begin(), end) - costs_[0].begin(), 2 * around_, [&](index_t i, index_t state) {
      if (i == around_) seam = state >> Bits;
    });
    return seam;
  }

  /// Takes costs_[0] over n samples, keeping every choice.
  template <class Sample>
  void advance(index_t n, Sample sample) {
    const auto size = static_cast<std::size_t>(n * groups_);
    if (choices_.size() < size) choices_.resize(size);
    std::uint16_t least = 0;
    for (index_t i = 0; i < n; ++i) {
      least = kernels::viterbi_step<Bits>(length_, sample(i), table_, costs_[0].data(), least, costs_[1].data(),
                                          choices_.data() + i * groups_);
      std::swap(costs_[0], costs_[1]);
    }
  }

  /// Calls f(i, state) on the path that ends in a group, last sample first.
  template <class F>
  void trace(index_t group, index_t n, F f) const {
    for (index_t i = n; i-- > 0;) {
      const index_t state = choices_[static_cast<std::size_t>(i * groups_ + group)] * groups_ + group;
      f(i, state);
      group = state >> Bits;
    }
  }

  const std::int16_t* table_;
  int length_;
  index_t groups_, around_;
  costs costs_[2];
  aligned_vector<std::uint8_t> choices_;
};

}  // namespace equant::inline EQUANT_ABI::trellis
