// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/automatic.hpp>
#include <equant/formats/integer.hpp>
#include <equant/nn/layers.hpp>

#include <memory>

namespace equant::inline EQUANT_ABI::nn {

/// How activations are represented: codes of `bits` bits, 2 to 8, as uint8 or int8.
struct activation_format {
  int bits = 8;
  bool is_signed = false;  ///< int8: the same grid, 2^(bits - 1) codes lower
  bool symmetric = false;  ///< zero in the middle
};

/// Any calibrator, chosen when the program runs: copies share nothing.
class range_observer {
 public:
  template <calibrator C>
  range_observer(C c) : held_(std::make_unique<holder<C>>(std::move(c))) {}
  range_observer(const range_observer& other) : held_(other.held_->clone()) {}
  range_observer& operator=(const range_observer& other) {
    held_ = other.held_->clone();
    return *this;
  }
  range_observer(range_observer&&) = default;
  range_observer& operator=(range_observer&&) = default;

  const char* name() const { return held_->name(); }
  void observe(const view<const float>& x) { held_->observe(x); }
  /// The grid this calibrator chooses. Throws std::invalid_argument where nothing was observed.
  nn::grid grid(const activation_format& format) const {
    if (format.bits < 2 || format.bits > 8) {
      contract::invalid_argument("activations of ", format.bits, " bits; 2 to 8 are possible");
    }
    const affine map = held_->fit(format.bits, format.symmetric);
    const std::int32_t lower = format.is_signed ? 1 << (format.bits - 1) : 0;
    return {map.scale, map.zero_point - lower, {-lower, (1 << format.bits) - 1 - lower}};
  }

 private:
  struct base {
    virtual ~base() = default;
    virtual std::unique_ptr<base> clone() const = 0;
    virtual const char* name() const = 0;
    virtual void observe(const view<const float>& x) = 0;
    virtual affine fit(int bits, bool in_the_middle) const = 0;
  };

  template <class C>
  struct holder final : base {
    explicit holder(C c) : calibrator(std::move(c)) {}
    std::unique_ptr<base> clone() const override { return std::make_unique<holder>(*this); }
    const char* name() const override { return C::name; }
    void observe(const view<const float>& x) override { calibrator.observe(x); }
    affine fit(int bits, bool in_the_middle) const override {
      if (!calibrator.seen()) contract::invalid_argument(C::name, " has not observed any value");
      affine map;
      const auto with = [&]<int... B>(std::integer_sequence<int, B...>) {
        static_cast<void>(((bits == B + 2 && (map = fit_bits<B + 2>(in_the_middle), true)) || ...));
      };
      with(std::make_integer_sequence<int, 7>{});
      return map;
    }
    template <int Bits>
    affine fit_bits(bool in_the_middle) const {
      using format = unsigned_integer<Bits>;
      return in_the_middle ? equant::fit<format>(calibrator.template range<format>(symmetric), symmetric)
                           : equant::fit<format>(calibrator.template range<format>(asymmetric), asymmetric);
    }
    C calibrator;
  };

  std::unique_ptr<base> held_;
};

}  // namespace equant::inline EQUANT_ABI::nn
