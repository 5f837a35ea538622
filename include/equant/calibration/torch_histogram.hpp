// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/observer.hpp>
#include <equant/core/contraction.hpp>

namespace equant::inline EQUANT_ABI {

/// PyTorch's HistogramObserver: 2048 even bins over the range seen, re-binned when it grows; then bins are taken off
/// either end in steps of 1e-5 of the values, for as long as the squared error over 2^bits even cells falls. With
/// convention::torch it gives PyTorch 1.13's parameters. What it does is PyTorch's: values are counted between the ends
/// of the range rounded toward zero to integers and left out beyond, the error is that of cells and not of levels, the
/// search stops at the first rise, and what was seen before any value differed from the first is forgotten.
///
/// It is defined over the sequence of batches, so two that each saw some cannot be merged.
class torch_histogram : public observer<torch_histogram> {
 public:
  static constexpr const char* name = "torch_histogram";
  static constexpr bool uses_values = true;

  void absorb(interval batch) {
    settle();
    const float low = static_cast<float>(batch.low), high = static_cast<float>(batch.high);
    if (!seen() || low_ == high_) {
      held_.assign(bins, 0);
      low_ = low;
      high_ = high;
    } else {
      widen(std::min(low, low_), std::max(high, high_));
    }
    batch_.assign(bins, 0);
    first_edge_ = std::trunc(low_);
    last_edge_ = std::trunc(high_);
    if (first_edge_ == last_edge_) {
      first_edge_ = low;
      last_edge_ = high;
    }
    if (first_edge_ == last_edge_) {
      first_edge_ -= 1;
      last_edge_ += 1;
    }
  }

  template <class T>
  void add(const T* x, index_t n) {
    for (index_t i = 0; i < n; ++i) {
      const float v = static_cast<float>(x[i]);
      if (v < first_edge_ || v > last_edge_) continue;
      const float place = (v - first_edge_) * float(bins) / (last_edge_ - first_edge_);
      ++batch_[static_cast<std::size_t>(std::min(place, bins - 1.0f))];
    }
  }

  void merge(const torch_histogram& other) {
    if (!other.seen()) return;
    if (seen()) {
      contract::invalid_argument("two torch_histograms that both observed batches cannot be merged: ",
                                 "which batch came first is not known; use mse or automatic");
    }
    *this = other;
  }

  bool seen() const { return !held_.empty(); }

  template <class Format, class Scheme>
  interval range(Scheme) const {
    return searched(std::exp2(double(Format::bits)));
  }

  void write(archive_writer& out) const {
    torch_histogram settled = *this;
    settled.settle();
    out.real(static_cast<double>(low_));
    out.real(static_cast<double>(high_));
    out.word(settled.held_.size());
    for (float v : settled.held_) out.real(static_cast<double>(v));
  }
  void read(archive_reader& in) {
    low_ = static_cast<float>(in.real());
    high_ = static_cast<float>(in.real());
    const std::uint64_t size = in.word();
    const bool ordered = low_ <= high_ && scanning::finite(low_) && scanning::finite(high_);
    if (!ordered || (size != 0 && size != bins)) in.fail("a range [", low_, ", ", high_, "] of ", size, " bins");
    held_.clear();
    batch_.clear();
    for (std::uint64_t i = 0; i < size; ++i) {
      held_.push_back(static_cast<float>(in.real()));
      if (!(held_.back() >= 0 && scanning::finite(held_.back()))) in.fail("a bin of ", held_.back());
    }
  }

 private:
  static constexpr int bins = 2048, upsampling = 128;

  /// Adds the last batch to those before it.
  void settle() {
    for (std::size_t i = 0; i < batch_.size(); ++i) held_[i] = static_cast<float>(batch_[i]) + held_[i];
    batch_.clear();
  }

  /// Re-bins what is held over a range that holds the old one; its upper end moves to a multiple of the finer width.
  void widen(float low, float high) {
    const float fine = (high_ - low_) / float(bins * upsampling);
    const float per_bin = std::ceil((high - low) / (float(bins) * fine));
    high += uncontracted(per_bin * (float(bins) * fine)) - (high - low);
    if (low == low_ && high == high_) return;
    const double start = std::nearbyint((low_ - low) / fine);
    std::vector<float> wider;
    double before = 0, full = 0;
    std::size_t bin = 0;
    for (int i = 0; i < bins; ++i) {
      const double end = (i + 1) * double(per_bin) - start;
      for (; bin < held_.size() && (double(bin) + 1) * upsampling <= end; ++bin) {
        full += double(held_[bin]) * upsampling;
      }
      const double part = end - double(bin) * upsampling;
      const double until = bin < held_.size() && part > 0 ? full + uncontracted(double(held_[bin]) * part) : full;
      wider.push_back(static_cast<float>((until - before) / upsampling));
      before = until;
    }
    held_ = std::move(wider);
    low_ = low;
    high_ = high;
  }

  interval searched(double cells) const {
    torch_histogram settled = *this;
    settled.settle();
    const std::vector<float>& held = settled.held_;
    std::vector<float> sums(held.size());
    double total = 0;
    for (std::size_t i = 0; i < held.size(); ++i) sums[i] = static_cast<float>(total += double(held[i]));
    double alpha = 0, beta = 1, least = std::numeric_limits<double>::infinity();
    int first = 0, last = bins - 1;
    while (alpha < beta) {
      const double next_alpha = alpha + 1e-5, next_beta = beta - 1e-5;
      int l = first, r = last;
      while (l < last && sums[std::size_t(l)] < static_cast<float>(next_alpha * total)) ++l;
      while (r > first && sums[std::size_t(r)] > static_cast<float>(next_beta * total)) --r;
      const bool from_below = l - first > last - r;
      (from_below ? alpha : beta) = from_below ? next_alpha : next_beta;
      const int next_first = from_below ? l : first, next_last = from_below ? last : r;
      if (next_first == first && next_last == last) continue;
      const double e = error(held, next_first, next_last, cells);
      if (e > least) break;
      least = e;
      first = next_first;
      last = next_last;
    }
    const float width = (high_ - low_) / float(bins);
    return {double(low_ + uncontracted(width * float(first))), double(low_ + uncontracted(width * float(last + 1)))};
  }

  /// The squared error where bins first..last are divided into cells, by PyTorch's sum in float.
  double error(const std::vector<float>& held, int first, int last, double cells) const {
    const double wide = (double(high_) - double(low_)) / bins, cell_wide = wide * (last - first + 1) / cells;
    if (cell_wide == 0) return 0;
    const float width = static_cast<float>(wide), cell = static_cast<float>(cell_wide);
    const float half = static_cast<float>(cell_wide / 2);
    const float most = static_cast<float>(cells - 1);
    const auto cubes = [](float a, float b) { return (uncontracted(b * b * b) - uncontracted(a * a * a)) / 3; };
    double sum = 0;
    for (int i = 0; i < bins; ++i) {
      const float begin = float(i - first) * width, end = uncontracted(begin) + width;
      const float cell_begin = std::clamp(std::floor(begin / cell), 0.0f, most);
      const float cell_end = std::clamp(std::floor(end / cell), 0.0f, most);
      const float each = held[std::size_t(i)] / width;
      float norm = each * cubes(begin - uncontracted((cell_begin + 0.5f) * cell), half);
      norm += uncontracted((cell_end - cell_begin - 1) * uncontracted(each * cubes(-half, half)));
      norm += uncontracted(each * cubes(-half, end - (uncontracted(cell_end * cell) + half)));
      sum += double(norm);
    }
    return sum;
  }

  float low_ = 0, high_ = 0;
  float first_edge_ = 0, last_edge_ = 0;  // of the last batch's bins
  std::vector<float> held_;           // batches before the last one
  std::vector<std::uint64_t> batch_;  // the last one
};

}  // namespace equant::inline EQUANT_ABI
