// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// What weight methods that look at data reach: weights FILE.csv writes case,bits,method,value,anchor,unit,seconds. The
// value is the relative error of the layer's output on inputs that were not looked at.
#include <equant/core/random.hpp>
#include <equant/io/file.hpp>
#include <equant/quantizers/lloyd_max.hpp>
#include <equant/vector.hpp>
#include <equant/weights/hadamard.hpp>
#include <equant/weights/scaled_levels.hpp>

#include <chrono>
#include <cstdio>

namespace {

using namespace equant;
using weights::row_matrix;

class gaussian {
 public:
  explicit gaussian(std::uint64_t seed) : next_(seed) {}
  float operator()() {
    const double r = std::sqrt(-2 * std::log(1 - next_.uniform())), t = 6.283185307179586 * next_.uniform();
    return static_cast<float>(r * std::cos(t));
  }

 private:
  splitmix64 next_;
};

Eigen::MatrixXf noise(index_t rows, index_t columns, std::uint64_t seed) {
  gaussian next(seed);
  Eigen::MatrixXf m(rows, columns);
  for (index_t r = 0; r < rows; ++r) {
    for (index_t c = 0; c < columns; ++c) m(r, c) = next();
  }
  return m;
}

/// Samples whose neighbouring inputs vary together: AR(1).
row_matrix inputs(index_t samples, index_t count, float rho, std::uint64_t seed) {
  row_matrix x = noise(samples, count, seed);
  const float fresh = std::sqrt(1 - rho * rho);
  for (index_t i = 1; i < count; ++i) x.col(i) = rho * x.col(i - 1) + fresh * x.col(i);
  return x;
}

struct layer {
  Eigen::MatrixXf w;
  weights::covariance seen;
  Eigen::MatrixXf later;  ///< moments of inputs not looked at
};

layer make(const row_matrix& x, const row_matrix& held_out, Eigen::MatrixXf w) {
  layer l{std::move(w), weights::covariance(x.cols()), {}};
  l.seen.observe(x);
  weights::covariance other(x.cols());
  other.observe(held_out);
  l.later = other.moments();
  return l;
}

std::string table = "case,bits,method,value,anchor,unit,seconds\n";

template <class Method>
void add(const char* name, int bits, const char* method, const layer& l, double anchor, Method&& run) {
  const auto start = std::chrono::steady_clock::now();
  const Eigen::MatrixXf q = run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double error = weights::output_error(l.w, q, l.later);
  std::printf("%-14s %d  %-34s %10.5f %10.5f %8.2f s %s\n", name, bits, method, error, anchor, seconds, error <= anchor * 1.005 ? "" : "missed");
  std::fflush(stdout);
  table += contract::joined(name, ",", bits, ",", method, ",", error, ",", anchor, ",relative error,", seconds, "\n");
}

Eigen::MatrixXf nearest(const layer& l, const weights::scaled_levels& s) {
  Eigen::MatrixXf q = l.w;
  for (index_t o = 0; o < q.rows(); ++o) {
    for (index_t i = 0; i < q.cols(); ++i) q(o, i) = s.nearest(o, q(o, i));
  }
  return q;
}

template <int Bits>
std::vector<float> gaussian_levels() {
  const auto q = lloyd_max<Bits>(densities::located<densities::gaussian>{});
  return {q.levels().begin(), q.levels().end()};
}

/// GPTQ, each input's weights a run of trellis codes.
template <int Bits>
Eigen::MatrixXf on_trellis(const layer& l, const Eigen::MatrixXf& moments) {
  Eigen::MatrixXf q = l.w;
  const Eigen::VectorXf scales = l.w.rowwise().norm() / std::sqrt(static_cast<float>(l.w.cols()));
  const trellis_code<Bits> code(12);
  weights::gptq(q, weights::inverse_factor(moments), [&](index_t, Eigen::VectorXf& column) {
    std::vector<float> x(static_cast<std::size_t>(column.size()));
    for (index_t o = 0; o < column.size(); ++o) x[static_cast<std::size_t>(o)] = column[o] / scales[o];
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(code.bytes(column.size())));
    code.encode(x.data(), column.size(), bytes.data());
    code.decode(bytes.data(), column.size(), x.data());
    for (index_t o = 0; o < column.size(); ++o) column[o] = x[static_cast<std::size_t>(o)] * scales[o];
  });
  const Eigen::VectorXf factors = weights::fitted_factors(l.w, q, moments);
  return factors.asDiagonal() * q;
}

template <int Bits>
void rows(const char* name, const layer& l, double rtn, double anchor) {
  const Eigen::MatrixXf s = l.seen.shrunk();
  const Eigen::MatrixXf flat = Eigen::MatrixXf::Identity(l.w.cols(), l.w.cols());
  add(name, Bits, "nearest", l, rtn, [&] { return nearest(l, weights::fitted_scales(weights::integer_levels(Bits), l.w, flat)); });
  add(name, Bits, "gptq on integers", l, anchor, [&] {
    weights::scaled_levels levels = weights::fitted_scales(weights::integer_levels(Bits), l.w, s);
    return weights::rounded(l.w, levels, s);
  });
  add(name, Bits, "gptq on Lloyd-Max levels", l, anchor, [&] {
    weights::scaled_levels levels = weights::fitted_scales(gaussian_levels<Bits>(), l.w, s);
    return weights::rounded(l.w, levels, s);
  });
}

/// Rotated, rounded on Lloyd-Max levels, rotated back.
template <int Bits>
void turned(const layer& l, double anchor) {
  const Eigen::MatrixXf s = l.seen.shrunk(), flat = Eigen::MatrixXf::Identity(l.w.cols(), l.w.cols());
  add("outliers", Bits, "nearest", l, Bits == 4 ? .064 : Bits == 3 ? .16 : .30,
      [&] { return nearest(l, weights::fitted_scales(weights::integer_levels(Bits), l.w, flat)); });
  add("outliers", Bits, "hadamard, gptq on Lloyd-Max levels", l, anchor, [&] {
    const weights::hadamard r(l.w.cols(), 1);
    const Eigen::MatrixXf w = r.turned(l.w), moments = r.turned_moments(s);
    weights::scaled_levels levels = weights::fitted_scales(gaussian_levels<Bits>(), w, moments);
    return r.back(weights::rounded(w, levels, moments));
  });
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: weights FILE.csv\n");
    return 2;
  }
  const index_t outputs = 256, depth = 512, samples = 2048;
  const layer ar = make(inputs(samples, depth, 0.9f, 1), inputs(samples, depth, 0.9f, 2), noise(outputs, depth, 3));
  rows<4>("ar", ar, .0110, .00195);
  rows<3>("ar", ar, .040, .0073);
  rows<2>("ar", ar, .203, .0268);
  add("ar", 2, "gptq on trellis codes", ar, .018, [&] { return on_trellis<2>(ar, ar.seen.shrunk()); });
  row_matrix x = inputs(samples, depth, 0.9f, 1), held_out = inputs(samples, depth, 0.9f, 2);
  Eigen::MatrixXf w = noise(outputs, depth, 3);
  splitmix64 next(7);
  for (index_t i = 0; i < w.size(); ++i) w.data()[i] *= next.uniform() < 0.005 ? 10.0f : 1.0f;
  for (index_t c = 0; c < 8; ++c) {
    const auto channel = static_cast<index_t>(next() % static_cast<std::uint64_t>(depth));
    x.col(channel) *= 20;
    held_out.col(channel) *= 20;
  }
  const layer outliers = make(x, held_out, w);
  turned<4>(outliers, .00082);
  turned<3>(outliers, .0031);
  turned<2>(outliers, .0112);
  const layer few = make(inputs(512, depth, 0, 4), inputs(samples, depth, 0, 5), noise(outputs, depth, 6));
  rows<4>("few", few, .0111, .0111);
  io::write_file(arguments[1], table);
  return 0;
}
