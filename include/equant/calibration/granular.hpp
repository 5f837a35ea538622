// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/calibration/observer.hpp>

namespace equant::inline EQUANT_ABI {

/// Any calibrator, once per block of a granularity: per axis or per group, streaming and merging as the calibrator
/// does. All batches must have the same number of blocks; along the other axes they may differ in size.
template <calibrator Calibrator, granularity Granularity>
class granular {
 public:
  static constexpr const char* name = "granular";

  granular(Calibrator prototype, Granularity where)
      : prototype_(std::move(prototype)), granularity_(where) {}

  template <tensor_source X, executor Executor = serial>
  void observe(const X& x, non_finite policy = non_finite::reject, Executor&& run_on = {}) {
    with_view(x, [&](const auto& v) { observe_view(v, policy, run_on); });
  }

  void merge(const granular& other) {
    if (other.each_.empty()) return;
    if (each_.empty()) {
      each_ = other.each_;
      where_ = other.where_;
      return;
    }
    if (where_ != other.where_ || each_.size() != other.each_.size()) {
      contract::invalid_argument("merging observers of ", each_.size(), " and ", other.each_.size(),
                                 " blocks, or of other axes");
    }
    for (std::size_t i = 0; i < each_.size(); ++i) each_[i].merge(other.each_[i]);
  }

  /// Parameters per block. A block that saw no value (all skipped) gets those of the range {0}.
  template <element_format Format, class T = float, range_scheme Scheme,
            quantization_convention Convention = convention::standard>
  parameters<map_of<Convention, Scheme, T>> params(Scheme scheme, Convention how = {}) const {
    using map = map_of<Convention, Scheme, T>;
    if (!seen()) contract::invalid_argument(Calibrator::name, " has not observed any value");
    std::vector<typename map::scale_type> scales;
    std::vector<typename map::zero_point_type> zero_points;
    bool same = true;
    for (const Calibrator& c : each_) {
      const map m = c.seen() ? c.template params<Format, T>(scheme, how)[0] : fit<Format, T>(interval{}, scheme, how);
      scales.push_back(m.scale);
      zero_points.push_back(m.zero_point);
      same = same && m.zero_point == zero_points.front();
    }
    if (each_.size() == 1) return map{scales[0], zero_points[0]};
    if (same) zero_points.resize(1);
    return {where_, std::move(scales), std::move(zero_points)};
  }

  bool seen() const {
    for (const Calibrator& c : each_) {
      if (c.seen()) return true;
    }
    return false;
  }

  /// The calibrators of the blocks, in row-major order of the blocks; none before the first batch.
  std::span<const Calibrator> each() const { return each_; }

  std::string save() const {
    archive_writer out(name, 1);
    write(out);
    return std::move(out).take();
  }

  void load(std::string_view bytes) {
    archive_reader in(bytes, name, 1);
    granular loaded(prototype_, granularity_);
    loaded.read(in);
    in.finish();
    *this = std::move(loaded);
  }

  void write(archive_writer& out) const {
    out.integer(where_.lengths.rank);
    for (int axis = 0; axis < where_.lengths.rank; ++axis) out.integer(where_.lengths[axis]);
    out.word(each_.size());
    for (const Calibrator& c : each_) out.text(c.save());
  }

  void read(archive_reader& in) {
    const std::int64_t rank = in.integer();
    if (rank < 0 || rank > max_rank) in.fail("rank ", rank);
    where_ = {shape::filled(static_cast<int>(rank), 0)};
    for (int axis = 0; axis < where_.lengths.rank; ++axis) {
      where_.lengths[axis] = static_cast<index_t>(in.integer());
      if (where_.lengths[axis] < 0) in.fail("block length ", where_.lengths[axis]);
    }
    each_.clear();
    for (std::uint64_t left = in.word(); left > 0; --left) {
      each_.push_back(prototype_);
      each_.back().load(in.text());
    }
  }

 private:
  template <class T, class Executor>
  void observe_view(const view<const T>& x, non_finite policy, Executor& run_on) {
    const blocking where = normal_form(granularity_, x.sizes);
    const std::vector<interval> seen = scan_ranges(x, where, policy, run_on);
    if (seen.empty()) return;
    if (each_.empty()) {
      where_ = where;
      each_.assign(seen.size(), prototype_);
    } else if (where != where_ || seen.size() != each_.size()) {
      contract::invalid_argument("a batch of ", to_string(x.sizes), " has ", seen.size(), " blocks ",
                                 to_string(granularity_), ", earlier ones had ", each_.size());
    }
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (!scanning::empty(seen[i])) each_[i].absorb(seen[i]);
    }
    if constexpr (Calibrator::uses_values) add_values(x, policy);
  }

  template <class T>
  void add_values(const view<const T>& x, non_finite policy) {
    const traversal walk(x.sizes, x.order(), x.strides, x.strides, where_);
    walk.for_each_run([&](const run& r) {
      read_line(x.data + r.a, r.a_step, r.count, [&](const working<T>* v, index_t n, index_t offset) {
        auto block = [&](index_t i) -> Calibrator& {
          return each_[static_cast<std::size_t>(r.parameter + (offset + i) * r.parameter_step)];
        };
        auto add = [&](Calibrator& c, const working<T>* from, index_t m) {
          scanning::for_finite(from, m, policy, [&](const working<T>* f, index_t k) { c.add(f, k); });
        };
        if (r.parameter_step == 0) return add(block(0), v, n);
        for (index_t i = 0; i < n; ++i) add(block(i), v + i, 1);
      });
    });
  }

  Calibrator prototype_;
  Granularity granularity_;
  blocking where_{};
  std::vector<Calibrator> each_{};
};

}  // namespace equant::inline EQUANT_ABI
