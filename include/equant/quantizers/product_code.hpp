// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/quantizers/product_book.hpp>
#include <equant/quantizers/vector_quantizer.hpp>
#include <equant/storage/packing.hpp>

#include <memory>
#include <utility>

namespace equant::inline EQUANT_ABI {

struct product_options {
  index_t dim = 4;            ///< values per code, 1 to 8
  int bits = 8;               ///< of a code, 1 to 12: 2^bits points
  index_t subspaces = 1;      ///< codebooks: vector i is coded by the one of number i mod subspaces
  std::uint64_t seed = 1;
  int passes = 100;           ///< of k-means, at most
  index_t per_point = 256;    ///< samples that k-means sees, at most, for each point
};

/// Product quantization (Jegou, Douze and Schmid, 2011): neighbours in groups of `dim` values, each group by the
/// nearest of 2^bits points that k-means finds, so that a value takes bits / dim bits. With `subspaces` as many as a
/// row has groups, every group of columns has a codebook of its own; with 1 all share one. The codebooks are stored
/// with the codes. A vector_code; a ragged end is filled up with zeros.
class product_code {
 public:
  /// Codebooks for samples; fewer of them than points will do.
  static product_code trained(std::span<const float> samples, const product_options& options = {}) {
    check(samples, options);
    product_code code(options);
    float largest = 0;
    for (const float x : samples) largest = std::max(largest, std::abs(x));
    code.step_ = largest > 0 ? static_cast<double>(largest) / product::most : 1;
    const auto n = static_cast<index_t>(samples.size());
    const index_t width = (options.dim + 1) / 2 * 2, vectors = (n + options.dim - 1) / options.dim;
    auto books = std::make_shared<codebooks>();
    for (index_t subspace = 0; subspace < options.subspaces; ++subspace) {
      const index_t there = std::max(index_t{1}, (vectors - subspace + options.subspaces - 1) / options.subspaces);
      const index_t used = std::min(there, options.per_point << options.bits);
      std::vector<std::int16_t> chosen(static_cast<std::size_t>(used * width));
      for (index_t i = 0; i < used; ++i) {
        const index_t at = there / used * i + there % used * i / used;
        const index_t first = std::min(at * options.subspaces + subspace, vectors - 1) * options.dim;
        code.to_steps(samples.data() + first, n - first, chosen.data() + i * width);
      }
      const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(subspace);
      books->searched.push_back(product::k_means(chosen, options.dim, code.points(), seed, options.passes));
      for (index_t k = 0; k < code.points(); ++k) {
        for (index_t d = 0; d < options.dim; ++d) {
          const double steps = books->searched.back().at(k, d);
          books->values.push_back(static_cast<float>(code.step_ * steps));
        }
      }
    }
    code.books_ = std::move(books);
    return code;
  }

  index_t dim() const { return dim_; }
  int bits() const { return bits_; }
  index_t points() const { return index_t{1} << bits_; }
  index_t subspaces() const { return static_cast<index_t>(books_->searched.size()); }
  /// Coordinate d of point k.
  float value(index_t subspace, index_t k, index_t d) const { return point(subspace, k)[d]; }

  index_t chunk() const { return 8 * dim_ * subspaces(); }
  std::size_t bytes(index_t n) const { return packed_size((n + dim_ - 1) / dim_, bits_); }
  /// The codebooks in 16 bits a coordinate, and the step.
  std::size_t size_bytes() const {
    return static_cast<std::size_t>(subspaces() * points() * dim_) * sizeof(std::int16_t) + sizeof step_;
  }

  void encode(const float* x, index_t n, std::uint8_t* stream) const {
    if (n == 0) return;
    stream[bytes(n) - 1] = 0;
    with_width([&]<int Bits>() {
      code_word<Bits> words[some];
      std::int16_t steps[8];
      for_each_piece(n, [&](index_t first, index_t count) {
        for (index_t i = 0; i < count; ++i) {
          const index_t at = (first + i) * dim_;
          to_steps(x + at, n - at, steps);
          const auto subspace = static_cast<std::size_t>(subspace_of(first + i));
          words[i] = static_cast<code_word<Bits>>(books_->searched[subspace].nearest(steps));
        }
        pack<Bits>(stream, first, words, count);
      });
    });
  }

  void decode(const std::uint8_t* stream, index_t n, float* y) const {
    with_width([&]<int Bits>() {
      code_word<Bits> words[some];
      for_each_piece(n, [&](index_t first, index_t count) {
        unpack<Bits>(stream, first, words, count);
        for (index_t i = 0; i < count; ++i) {
          const index_t at = (first + i) * dim_;
          const float* values = point(subspace_of(first + i), words[i]);
          for (index_t d = 0; d < std::min(dim_, n - at); ++d) y[at + d] = values[d];
        }
      });
    });
  }

  bool operator==(const product_code& other) const {
    const bool same_books = books_ == other.books_ || books_->searched == other.books_->searched;
    return step_ == other.step_ && bits_ == other.bits_ && same_books;
  }

 private:
  static constexpr index_t some = 256;  // codes between values and the stream

  explicit product_code(const product_options& options) : dim_(options.dim), bits_(options.bits) {}

  static void check(std::span<const float> samples, const product_options& options) {
    const auto within = [](auto value, int low, int high, const char* what) {
      if (value < low || value > high) {
        contract::invalid_argument("product codes of ", value, " ", what, ", not ", low, " to ", high);
      }
    };
    within(options.dim, 1, 8, "values");
    within(options.bits, 1, 12, "bits");
    if (options.subspaces < 1) contract::invalid_argument(options.subspaces, " subspaces");
    if (options.per_point < 1) contract::invalid_argument(options.per_point, " samples per point");
    if (samples.empty()) contract::invalid_argument("no samples to find a codebook for");
  }

  index_t subspace_of(index_t vector) const { return subspaces() == 1 ? 0 : vector % subspaces(); }
  const float* point(index_t subspace, index_t k) const {
    return books_->values.data() + (subspace * points() + k) * dim_;
  }

  /// A vector in steps, zeros where there are no more values.
  void to_steps(const float* x, index_t left, std::int16_t* steps) const {
    const index_t width = (dim_ + 1) / 2 * 2;
    constexpr double most = product::most;
    for (index_t d = 0; d < width; ++d) {
      const double v = d < std::min(dim_, left) ? static_cast<double>(x[d]) / step_ : 0;
      steps[d] = static_cast<std::int16_t>(std::nearbyint(std::clamp(v, -most, most)));
    }
  }

  template <class F>
  void for_each_piece(index_t n, F f) const {
    const index_t codes = (n + dim_ - 1) / dim_;
    for (index_t first = 0; first < codes; first += some) f(first, std::min(some, codes - first));
  }

  template <class F>
  void with_width(F f) const {
    [&]<int... I>(std::integer_sequence<int, I...>) {
      ((bits_ == I + 1 ? f.template operator()<I + 1>() : void()), ...);
    }(std::make_integer_sequence<int, 12>{});
  }

  struct codebooks {
    std::vector<product::book> searched;
    std::vector<float> values;  // the same points: subspace, point, coordinate
  };

  index_t dim_;
  int bits_;
  double step_ = 1;
  std::shared_ptr<const codebooks> books_;
};

/// product_quantizer::trained(w, {.dim = 4, .bits = 8}).quantize(w): 2 bits per value, and the codebook.
using product_quantizer = vector_quantizer<product_code>;

}  // namespace equant::inline EQUANT_ABI
