// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>
#include <equant/core/shape.hpp>

#include <Eigen/Core>

#include <algorithm>

namespace equant::inline EQUANT_ABI::weights {

using row_matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The second moments of a layer's inputs, S = X^T X / n for samples X, n x I: all that the layer's output error
/// depends on, tr(E S E^T) for an error E of its weights. Streaming: blocks of samples come one after the other.
class covariance {
 public:
  covariance() = default;
  explicit covariance(index_t inputs) : sum_(Eigen::MatrixXf::Zero(inputs, inputs)) {}

  index_t inputs() const { return sum_.rows(); }
  double samples() const { return samples_; }

  /// Samples are rows.
  void observe(const Eigen::Ref<const row_matrix>& x) {
    if (x.cols() != inputs()) {
      contract::invalid_argument("samples of ", x.cols(), " values for a layer of ", inputs(), " inputs");
    }
    sum_.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
    for (index_t r = 0; r < x.rows(); ++r) {
      const double square = static_cast<double>(x.row(r).squaredNorm());
      fourth_ += square * square;
    }
    samples_ += static_cast<double>(x.rows());
  }

  /// S.
  Eigen::MatrixXf moments() const {
    if (samples_ == 0) contract::invalid_argument("a covariance that has seen no samples");
    Eigen::MatrixXf s = sum_.selfadjointView<Eigen::Lower>();
    s /= static_cast<float>(samples_);
    return s;
  }

  /// S drawn towards a multiple of the identity, by as much as its own noise makes best: Ledoit and Wolf 2004. With few
  /// samples that is much, with many nothing.
  Eigen::MatrixXf shrunk() const {
    Eigen::MatrixXf s = moments();
    const auto size = static_cast<double>(inputs());
    const double mean = static_cast<double>(s.trace()) / size, square = static_cast<double>(s.squaredNorm());
    const double distance = square - size * mean * mean;  // |S - mean I|^2
    const double noise = std::max(0.0, (fourth_ / samples_ - square) / samples_);
    const double part = distance > 0 ? std::min(1.0, noise / distance) : 1.0;
    s *= static_cast<float>(1 - part);
    s.diagonal().array() += static_cast<float>(part * mean);
    return s;
  }

 private:
  Eigen::MatrixXf sum_;  // lower half
  double samples_ = 0, fourth_ = 0;
};

/// Throws std::invalid_argument where moments are not those of the inputs of weights `w`, or not finite.
inline void check_moments(const Eigen::MatrixXf& w, const Eigen::MatrixXf& s) {
  if (s.rows() != w.cols() || s.cols() != w.cols()) {
    contract::invalid_argument("moments of ", s.rows(), " x ", s.cols(), " for weights of ", w.cols(), " inputs");
  }
  if (!s.allFinite() || !w.allFinite()) contract::invalid_argument("weights or moments of inputs that are not finite");
}

/// The error that weights `q` instead of `w` (outputs x inputs) make in a layer's output, relative to the output:
/// tr((w - q) S (w - q)^T) / tr(w S w^T).
inline double output_error(const Eigen::Ref<const Eigen::MatrixXf>& w, const Eigen::Ref<const Eigen::MatrixXf>& q,
                           const Eigen::Ref<const Eigen::MatrixXf>& moments) {
  const Eigen::MatrixXf e = w - q;
  const double noise = (e * moments).cwiseProduct(e).cast<double>().sum();
  const double signal = (w * moments).cwiseProduct(w).cast<double>().sum();
  return signal > 0 ? noise / signal : 0;
}

}  // namespace equant::inline EQUANT_ABI::weights
