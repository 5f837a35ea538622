// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/quantizers/trellis_search.hpp>
#include <equant/quantizers/vector_quantizer.hpp>
#include <equant/storage/packing.hpp>

#include <memory>

namespace equant::inline EQUANT_ABI {

/// Trellis-coded quantization (Marcellin and Fischer, 1990) in the form of QTIP (Tseng et al., 2024): `Bits` bits per
/// value, and a value is looked up by the last `length` bits of the stream. 2^length values serve a code of Bits bits,
/// so that the error comes near to the rate-distortion bound: at 2 bits a Gaussian keeps an error of 0.0777 of its
/// power with length 8, 0.0700 with 12 and 0.0666 with 16, where the best scalar quantizer has 0.1175 and the bound is
/// 0.0625.
///
/// Blocks of 256 values are coded in a circle (tail-biting), the last one takes the rest: exactly Bits bits per value
/// but for runs shorter than length / Bits. Encoding takes time in proportion to 2^length, decoding is a look-up.
/// A vector_code for values of mean 0 and variance 1; beyond the range of the table they are clipped.
template <int Bits>
class trellis_code {
 public:
  static_assert(Bits >= 1 && Bits <= 4, "a trellis takes 1 to 4 bits per value");
  static constexpr int bits = Bits;
  static constexpr index_t block = 256;

  /// Computed values, Gaussian quantiles: nothing but codes is stored.
  explicit trellis_code(int length = 12)
      : length_(checked(length)),
        table_(std::make_shared<const trellis::values>(trellis::gaussian_values(Bits, length))) {}

  /// A table of one's own: 2^length values between -range and range.
  trellis_code(int length, std::span<const float> table, double range = trellis::gaussian_range)
      : length_(checked(length)), stored_(true), range_(range) {
    if (!(range >= 0x1p-20 && range <= 0x1p20)) contract::invalid_argument("a trellis of range ", range);
    if (table.size() != std::size_t{1} << length) {
      contract::invalid_argument("a trellis of length ", length, " has ", 1 << length, " values, not ", table.size());
    }
    trellis::values steps(table.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (table[i] - table[i] != 0) contract::invalid_argument("a trellis with the value ", table[i], " of state ", i);
      steps[i] = trellis::to_steps(static_cast<double>(table[i]), range_);
    }
    table_ = std::make_shared<const trellis::values>(std::move(steps));
  }

  /// A table fitted to samples of mean 0 and variance 1 (generalised Lloyd: encode, then move every state's value to
  /// the mean of the samples it stood for), from the computed one on. States hardly used keep what they had. Of the
  /// ranges 4, 8 and 16 that of the least error is taken: the larger, the more of long tails, and the coarser the
  /// search.
  static trellis_code trained(std::span<const float> samples, int length, int passes = 8) {
    if (samples.empty()) contract::invalid_argument("no samples to train a trellis on");
    float largest = 0;
    for (const float x : samples) largest = std::max(largest, std::abs(x));
    trellis_code best = trained_within(trellis::gaussian_range, samples, length, passes);
    double least = best.square_error(samples);
    for (double range = 8; range <= 16 && static_cast<double>(largest) > range / 2; range *= 2) {
      const trellis_code code = trained_within(range, samples, length, passes);
      const double error = code.square_error(samples);
      if (error >= least) continue;
      best = code;
      least = error;
    }
    return best;
  }

  int length() const { return length_; }
  float value(std::size_t state) const { return trellis::real((*table_)[state], range_); }

  /// Runs can be cut where a block begins.
  static constexpr index_t chunk() { return block; }
  /// What n values take.
  std::size_t bytes(index_t n) const { return n == 0 ? 0 : packed_size(std::max(n, shortest()), Bits); }
  /// What the table takes: nothing where it is computed.
  std::size_t size_bytes() const { return stored_ ? table_->size() * sizeof(std::int16_t) + sizeof range_ : 0; }

  void encode(const float* x, index_t n, std::uint8_t* stream) const {
    if (n == 0) return;
    stream[bytes(n) - 1] = 0;
    trellis::search<Bits> search(*table_, length_);
    std::vector<std::int16_t> steps;
    std::vector<std::uint8_t> symbols;
    for_each_block(n, [&](index_t first, index_t count) {
      steps.assign(static_cast<std::size_t>(count), 0);
      symbols.resize(steps.size());
      for (index_t i = 0; i < std::min(count, n - first); ++i) {
        steps[static_cast<std::size_t>(i)] = trellis::to_steps(static_cast<double>(x[first + i]), range_);
      }
      search.closed(steps.data(), count, symbols.data());
      pack<Bits>(stream, first, symbols.data(), count);
    });
  }

  void decode(const std::uint8_t* stream, index_t n, float* y) const {
    for_each_state(stream, n, [&](index_t i, std::size_t state) {
      if (i < n) y[i] = value(state);
    });
  }

  bool operator==(const trellis_code& other) const {
    return length_ == other.length_ && range_ == other.range_ && (table_ == other.table_ || *table_ == *other.table_);
  }

 private:
  static int checked(int length) {
    if (length < 2 * Bits || length > trellis::most_length) {
      contract::invalid_argument("a trellis of ", Bits, " bits has a length of ", 2 * Bits, " to ",
                                 trellis::most_length, ", not ", length);
    }
    return length;
  }

  static trellis_code trained_within(double range, std::span<const float> samples, int length, int passes) {
    const trellis_code computed(length);
    const auto count = static_cast<index_t>(samples.size());
    std::vector<std::uint8_t> stream(computed.bytes(count));
    std::vector<float> table(computed.table_->size());
    for (std::size_t s = 0; s < table.size(); ++s) table[s] = computed.value(s);
    trellis_code code(length, table, range);
    for (int pass = 0; pass < passes; ++pass) {
      code.encode(samples.data(), count, stream.data());
      constexpr double kept = 1;  // of a state's samples: as many as if they had all been the value it had
      std::vector<double> sum(table.size()), used(table.size(), kept);
      for (std::size_t s = 0; s < table.size(); ++s) sum[s] = kept * static_cast<double>(code.value(s));
      code.for_each_state(stream.data(), count, [&](index_t i, std::size_t state) {
        if (i >= count) return;
        sum[state] += static_cast<double>(samples[static_cast<std::size_t>(i)]);
        used[state] += 1;
      });
      for (std::size_t s = 0; s < table.size(); ++s) table[s] = static_cast<float>(sum[s] / used[s]);
      code = trellis_code(length, table, range);
    }
    return code;
  }

  double square_error(std::span<const float> x) const {
    std::vector<std::uint8_t> stream(bytes(static_cast<index_t>(x.size())));
    encode(x.data(), static_cast<index_t>(x.size()), stream.data());
    double sum = 0;
    for_each_state(stream.data(), static_cast<index_t>(x.size()), [&](index_t i, std::size_t state) {
      if (i >= static_cast<index_t>(x.size())) return;
      const float e = x[static_cast<std::size_t>(i)] - value(state);
      sum += static_cast<double>(e) * static_cast<double>(e);
    });
    return sum;
  }

  /// A circle holds the bits of a state.
  index_t shortest() const { return (length_ + Bits - 1) / Bits; }

  template <class F>
  void for_each_block(index_t n, F f) const {
    index_t first = 0;
    for (; n - first >= 2 * block; first += block) f(first, block);
    f(first, std::max(n - first, shortest()));
  }

  /// Calls f(i, state), also for what a short run is filled up with.
  template <class F>
  void for_each_state(const std::uint8_t* stream, index_t n, F f) const {
    if (n == 0) return;
    std::uint8_t symbols[2 * block];
    const std::size_t mask = table_->size() - 1;
    for_each_block(n, [&](index_t first, index_t count) {
      unpack<Bits>(stream, first, symbols, count);
      std::size_t state = 0;
      for (index_t i = count - shortest(); i < count; ++i) state = state << Bits | symbols[i];
      for (index_t i = 0; i < count; ++i) {
        state = (state << Bits | symbols[i]) & mask;
        f(first + i, state);
      }
    });
  }

  int length_;
  bool stored_ = false;
  double range_ = trellis::gaussian_range;
  std::shared_ptr<const trellis::values> table_;
};

/// trellis_quantizer<2>(12).quantize(w): 2 bits per value. trellis_quantizer<2>::trained(w, 8): with a table of w's
/// own.
template <int Bits>
using trellis_quantizer = vector_quantizer<trellis_code<Bits>>;

}  // namespace equant::inline EQUANT_ABI
