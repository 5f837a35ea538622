// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/lines.hpp>
#include <equant/core/archive.hpp>
#include <equant/kernels/histogram.hpp>

#include <utility>
#include <vector>

namespace equant::inline EQUANT_ABI {

/// Some values that lie in [low, high]; all of them at one point where low == high.
struct mass {
  double low = 0;
  double high = 0;
  double weight = 0;

  constexpr bool operator==(const mass&) const = default;
};

/// What was seen of a stream of values: exact counts in bins of the floats that share their upper 16 bits, 128 to the
/// octave, so that no range need be known beforehand. A bin keeps its smallest and largest value, which makes bins of
/// one or two values exact, and tells data that takes few values from data that is spread. While no more than
/// Few values were seen they are kept as they are.
///
/// It is a function of the values as a set: any split into batches, in any order, and any order of merging give the
/// same state bit for bit. Memory is bounded: 2 KiB per sign and octave that occurs. Values are taken as floats
/// (doubles are rounded, those beyond the largest float become it), and must be finite.
template <std::size_t Few>
class value_histogram {
 public:
  static constexpr std::size_t few = Few;

  template <class T>
  void add(const T* x, index_t n) {
    if constexpr (std::same_as<T, float>) {
      add_floats(x, n);
    } else {
      float values[line_chunk];
      for (index_t done = 0; done < n; done += line_chunk) {
        const index_t m = std::min(line_chunk, n - done);
        constexpr T most = std::numeric_limits<float>::max();
        for (index_t i = 0; i < m; ++i) values[i] = static_cast<float>(std::clamp(x[done + i], -most, most));
        add_floats(values, m);
      }
    }
  }

  void merge(const value_histogram& other) {
    if (&other == this) return merge(value_histogram(other));
    add_floats(other.values_.data(), static_cast<index_t>(other.values_.size()));
    if (other.bins_.empty()) return;
    leave_values();
    for (std::size_t slot = 0; slot < kernels::page_slots; ++slot) {
      if (other.pages_[slot] == 0) continue;
      const kernels::value_bin* from = other.page(slot);
      make_page(slot);
      kernels::value_bin* to = page(slot);
      for (index_t i = 0; i < kernels::bins_per_page; ++i) {
        to[i].count += from[i].count;
        to[i].least = std::min(to[i].least, from[i].least);
        to[i].most = std::max(to[i].most, from[i].most);
      }
    }
    count_ += other.count_;
  }

  /// How many values were seen.
  std::uint64_t count() const { return count_ + values_.size(); }

  /// The values in ascending order, as masses that do not overlap.
  std::vector<mass> masses() const { return as_masses(entries(false)); }
  /// The same of the values' magnitudes.
  std::vector<mass> magnitudes() const { return as_masses(entries(true)); }

  /// The same bytes for the same set of values.
  void write(archive_writer& out) const {
    const std::vector<entry> all = entries(false);
    out.integer(bins_.empty());
    out.word(all.size());
    for (const entry& e : all) {
      out.word(std::uint64_t{e.least} << 32 | e.most);
      out.word(e.count);
    }
  }

  void read(archive_reader& in) {
    value_histogram found;
    const std::uint64_t exact = in.word();
    if (exact > 1) in.fail("a flag of ", exact);
    std::int64_t before = -1;
    std::uint64_t sum = 0;
    for (std::uint64_t left = in.word(); left > 0; --left) {
      const std::uint64_t ends = in.word();
      const entry e{static_cast<std::uint32_t>(ends >> 32), static_cast<std::uint32_t>(ends), in.word()};
      const bool within = e.least <= e.most && (exact ? e.least == e.most : e.least >> 16 == e.most >> 16);
      const bool finite = (e.most & ~sign) < 0x7f800000u && e.least != sign;
      const std::int64_t place = rank(e.least) >> (exact ? 0 : 16);
      const bool enough = e.count >= (e.least == e.most ? 1u : 2u) && e.count < (std::uint64_t{1} << 62) - sum;
      if (!within || !finite || place <= before || !enough) in.fail("a bin that values cannot lead to");
      sum += e.count;
      before = place;
      found.put(e, exact != 0);
    }
    if (exact ? sum > few : sum <= few) in.fail("a count of ", sum, exact ? ", too many" : ", too few");
    *this = std::move(found);
  }

 private:
  /// The bits of the smallest and largest magnitude in a bin, sign included.
  struct entry {
    std::uint32_t least = 0, most = 0;
    std::uint64_t count = 0;
  };

  static constexpr std::uint32_t sign = 0x80000000u;

  /// Orders the bits of floats as the numbers they stand for.
  static constexpr std::uint32_t rank(std::uint32_t bits) { return bits & sign ? ~bits : bits | sign; }

  const kernels::value_bin* page(std::size_t slot) const {
    return bins_.data() + (pages_[slot] - 1) * kernels::bins_per_page;
  }
  kernels::value_bin* page(std::size_t slot) { return bins_.data() + (pages_[slot] - 1) * kernels::bins_per_page; }

  void make_page(std::size_t slot) {
    if (pages_[slot] != 0) return;
    bins_.resize(bins_.size() + kernels::bins_per_page);
    pages_[slot] = static_cast<std::uint16_t>(bins_.size() / kernels::bins_per_page);
  }

  void add_floats(const float* x, index_t n) {
    if (bins_.empty()) {
      if (values_.size() + static_cast<std::size_t>(n) <= few) {
        for (index_t i = 0; i < n; ++i) values_.push_back(x[i] + 0.0f);
        return;
      }
      leave_values();
    }
    count_into_bins(x, n);
  }

  void count_into_bins(const float* x, index_t n) {
    if (pages_.empty()) pages_.resize(kernels::page_slots);
    if (n >= 1 << 14) bins_.reserve(48 * kernels::bins_per_page);  // what most values need, at once
    for (index_t done = 0; done < n;) {
      done += kernels::count_values(x + done, n - done, pages_.data(), bins_.data());
      if (done < n) make_page(std::bit_cast<std::uint32_t>(x[done] + 0.0f) >> 23);
    }
    count_ += static_cast<std::uint64_t>(n);
  }

  /// From values to bins.
  void leave_values() {
    const std::vector<float> values = std::exchange(values_, {});
    count_into_bins(values.data(), static_cast<index_t>(values.size()));
  }

  void put(const entry& e, bool exact) {
    if (exact) {
      const auto copies = std::min<std::uint64_t>(e.count, few + 1);
      for (std::uint64_t i = 0; i < copies; ++i) values_.push_back(std::bit_cast<float>(e.least));
      return;
    }
    if (pages_.empty()) pages_.resize(kernels::page_slots);
    make_page(e.least >> 23);
    page(e.least >> 23)[e.least >> 16 & 127] = {e.count, static_cast<std::uint16_t>(e.least),
                                                static_cast<std::uint16_t>(e.most)};
    count_ += e.count;
  }

  /// All bins in ascending order; of values or of their magnitudes, where equal bins are put together.
  std::vector<entry> entries(bool folded) const {
    const std::uint32_t kept = folded ? ~sign : ~0u;
    std::vector<entry> all;
    for (float v : values_) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(v) & kept;
      all.push_back({bits, bits, 1});
    }
    for (std::size_t slot = 0; slot < pages_.size(); ++slot) {
      if (pages_[slot] == 0) continue;
      for (index_t i = 0; i < kernels::bins_per_page; ++i) {
        const kernels::value_bin& b = page(slot)[i];
        const auto upper = (static_cast<std::uint32_t>(slot) << 23 | static_cast<std::uint32_t>(i) << 16) & kept;
        if (b.count != 0) all.push_back({upper | b.least, upper | b.most, b.count});
      }
    }
    std::sort(all.begin(), all.end(), [](const entry& a, const entry& b) { return rank(a.least) < rank(b.least); });
    const auto same = [&](const entry& a, const entry& b) {
      return bins_.empty() ? a.least == b.least : a.least >> 16 == b.least >> 16;
    };
    std::size_t n = 0;
    for (const entry& e : all) {
      if (n > 0 && same(all[n - 1], e)) {
        all[n - 1] = {std::min(all[n - 1].least, e.least), std::max(all[n - 1].most, e.most),
                      all[n - 1].count + e.count};
      } else {
        all[n++] = e;
      }
    }
    all.resize(n);
    return all;
  }

  static std::vector<mass> as_masses(const std::vector<entry>& all) {
    std::vector<mass> masses;
    masses.reserve(all.size());
    for (const entry& e : all) {
      const double a = std::bit_cast<float>(e.least), b = std::bit_cast<float>(e.most);
      const double low = std::min(a, b), high = std::max(a, b);
      if (e.count == 2 && low < high) {
        masses.push_back({low, low, 1});
        masses.push_back({high, high, 1});
      } else {
        masses.push_back({low, high, static_cast<double>(e.count)});
      }
    }
    return masses;
  }

  std::vector<float> values_;               // while they are few
  std::vector<std::uint16_t> pages_;        // else: which page holds a sign and exponent
  std::vector<kernels::value_bin> bins_;
  std::uint64_t count_ = 0;                 // in bins
};

using histogram = value_histogram<512>;

}  // namespace equant::inline EQUANT_ABI
