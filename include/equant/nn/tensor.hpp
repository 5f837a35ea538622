// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/order.hpp>
#include <equant/core/view.hpp>

#include <utility>
#include <vector>

namespace equant::inline EQUANT_ABI::nn {

/// Floats and their sizes, the last axis fastest, images as N x C x H x W: what goes into a network and comes out.
struct tensor {
  shape sizes;
  std::vector<float> values;

  tensor() = default;
  explicit tensor(const shape& s) : sizes(s), values(static_cast<std::size_t>(checked_count(s))) {}
  tensor(const shape& s, std::vector<float> v) : sizes(s), values(std::move(v)) {
    if (checked_count(s) != static_cast<index_t>(values.size())) {
      contract::invalid_argument(values.size(), " values for a tensor of ", to_string(s));
    }
  }

  index_t count() const { return static_cast<index_t>(values.size()); }
  view<const float> as_view() const { return {values.data(), sizes, row_major_strides(sizes)}; }

  /// Entries [first, first + n) along the first axis, the batch.
  tensor rows(index_t first, index_t n) const {
    if (sizes.rank < 1 || first < 0 || n < 0 || first > sizes[0] - n) {
      contract::invalid_argument("entries ", first, " to ", first + n, " of a batch of ", to_string(sizes));
    }
    shape part = sizes;
    part[0] = n;
    const index_t each = sizes[0] == 0 ? 0 : count() / sizes[0];
    return {part, {values.begin() + first * each, values.begin() + (first + n) * each}};
  }

  bool operator==(const tensor&) const = default;
};

}  // namespace equant::inline EQUANT_ABI::nn
