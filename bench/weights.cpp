// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// What rounding weights by data reaches: weight_methods FILE.csv FOLDER [CASE] writes
// case,bits,method,value,anchor,unit,seconds, of one case alone where it is named. Values are relative errors of a
// layer's output on inputs that the methods did not see, the time of GPTQ in that of Eigen's Cholesky factor,
// triangular inverse and triangular product of that size, and top-1 of the networks in FOLDER with all weights rounded,
// activations in float; seconds are the thread's own. Anchors are to be reached, errors within a second;
// 0: none is set. Fails where one is not.
#include <equant/io/file.hpp>
#include <equant/nn/import.hpp>
#include <equant/nn/npy.hpp>
#include <equant/nn/predict.hpp>
#include <equant/nn/quantize.hpp>
#include <equant/nn/width_table.hpp>
#include <equant/weights/automatic.hpp>
#include <equant/weights/group_widths.hpp>

#include <cstdio>
#include <numbers>

#include "clock.hpp"

namespace {

using namespace equant;

class normal {
 public:
  explicit normal(std::uint64_t seed) : next_(seed) {}
  float operator()() {
    const double radius = std::sqrt(-2 * std::log(1 - next_.uniform()));
    return static_cast<float>(radius * std::cos(2 * std::numbers::pi * next_.uniform()));
  }

 private:
  splitmix64 next_;
};

/// Samples whose neighbouring inputs are correlated by rho.
weights::row_matrix samples(index_t count, index_t inputs, float rho, std::uint64_t seed) {
  normal next(seed);
  weights::row_matrix x(count, inputs);
  for (index_t r = 0; r < count; ++r) {
    x(r, 0) = next();
    for (index_t i = 1; i < inputs; ++i) x(r, i) = rho * x(r, i - 1) + std::sqrt(1 - rho * rho) * next();
  }
  return x;
}

struct problem {
  std::string name;
  Eigen::MatrixXf w, seen, held_out;
};

problem make(std::string name, index_t count, float rho, bool outliers) {
  constexpr index_t outputs = 256, inputs = 512;
  problem p{std::move(name), Eigen::MatrixXf(outputs, inputs), {}, {}};
  normal next(1);
  for (index_t i = 0; i < p.w.size(); ++i) p.w.data()[i] = next();
  weights::row_matrix x = samples(count, inputs, rho, 2), other = samples(8192, inputs, rho, 3);
  if (outliers) {
    splitmix64 pick(4);
    for (index_t i = 0; i < p.w.size(); ++i) p.w.data()[i] *= pick.uniform() < 0.005 ? 10.0f : 1.0f;
    for (index_t k = 0; k < 8; ++k) {
      const index_t i = static_cast<index_t>(pick() % static_cast<std::uint64_t>(inputs));
      x.col(i) *= 20.0f;
      other.col(i) *= 20.0f;
    }
  }
  weights::covariance a(inputs), b(inputs);
  a.observe(x);
  b.observe(other);
  p.seen = a.shrunk();
  p.held_out = b.moments();
  return p;
}

class report {
 public:
  const std::string& text() const { return text_; }
  int missed() const { return missed_; }
  template <class Code>
  double add(const problem& p, int bits, const char* method, const Code& code, const weights::rounding_options& o,
             double anchor = 0) {
    return add(p, bits, method, anchor, [&] { return weights::round_weights(p.w, p.seen, code, o); });
  }
  template <class Round>
  double add(const problem& p, int bits, const char* method, double anchor, Round&& round) {
    const double start = bench::now(false);
    const weights::coded_weights q = round();
    const double took = bench::now(false) - start;
    const double error = weights::output_error(p.w, q.values, p.held_out);
    const bool reached = anchor == 0 || (error <= anchor && took <= 1);
    add(p.name, bits, method, error, anchor, "relative error", took, reached);
    return error;
  }
  void add(const std::string& name, int bits, const char* method, double value, double anchor, const char* unit,
           double seconds, bool reached) {
    std::printf("%-10s %2d %-36s %9.5f %9.5f %6.2f s %s\n", name.c_str(), bits, method, value, anchor, seconds,
                reached ? "" : "missed");
    std::fflush(stdout);
    text_ += contract::joined(name, ",", bits, ",", method, ",", value, ",", anchor, ",", unit, ",", seconds, "\n");
    missed_ += !reached;
  }
  void add_top1(const char* model, int bits, const char* method, double value, double anchor, double seconds) {
    add(model, bits, method, value, anchor, "top-1", seconds, value >= anchor);
  }

 private:
  std::string text_ = "case,bits,method,value,anchor,unit,seconds\n";
  int missed_ = 0;
};

void measure(report& to, const problem& p, const double (&anchors)[3], bool outliers) {
  for (int bits = 4; bits >= 2; --bits) {
    const weights::levels integers = weights::levels::integers(bits), gaussian = weights::levels::gaussian(bits);
    to.add(p, bits, "nearest integers", integers, {.compensate = false, .descend = false});
    to.add(p, bits, "gptq integers", integers, {.descend = false});
    to.add(p, bits, "gptq integers descent", integers, {});
    to.add(p, bits, "gptq integers in groups of 64", integers, {.group = 64});
    const double anchor = anchors[4 - bits];
    to.add(p, bits, "gptq Lloyd-Max", gaussian, {.descend = false, .rotate = outliers});
    to.add(p, bits, "gptq Lloyd-Max descent", gaussian, {.rotate = outliers}, anchor);
    to.add(p, bits, "gptq Lloyd-Max descent ordered", gaussian, {.ordered = true, .rotate = outliers});
  }
  for (int bits : {4, 3}) {
    to.add(p, bits, "gptq integers widths of groups of 64", 0, [&] {
      return weights::round_in_groups(p.w, p.seen, bits).result;
    });
  }
  to.add(p, 2, "gptq trellis", weights::trellis_levels<2>(12), {.rotate = outliers}, outliers ? 0 : 0.018);
}

/// With few samples no worse than nearest levels.
void measure_few(report& to) {
  const problem few = make("512 iid", 512, 0, false);
  const weights::levels integers = weights::levels::integers(4);
  const double nearest = to.add(few, 4, "nearest integers", integers, {.compensate = false, .descend = false});
  to.add(few, 4, "gptq integers descent", integers, {}, 1.001 * nearest);
  to.add(few, 4, "gptq Lloyd-Max descent", weights::levels::gaussian(4), {}, 0.0111);
}

/// GPTQ of a large layer beside what Eigen takes for the products it is made of, each the best of three.
void measure_time(report& to) {
  constexpr index_t n = 4096;
  normal next(1);
  Eigen::MatrixXf w(n, n), s(n, n);
  for (index_t i = 0; i < w.size(); ++i) w.data()[i] = next();
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < n; ++j) s(j, i) = std::pow(0.9f, static_cast<float>(std::abs(i - j)));
  }
  double whole = 1e300, eigen = 1e300;
  for (int turn = 0; turn < 3; ++turn) {
    double start = bench::now(false);
    const auto q = weights::round_weights(w, s, weights::levels::integers(4), {.descend = false});
    whole = std::min(whole, bench::now(false) - start);
    start = bench::now(false);
    const Eigen::LLT<Eigen::MatrixXf> factor(s);
    Eigen::MatrixXf inverse = Eigen::MatrixXf::Identity(n, n);
    factor.matrixL().solveInPlace(inverse);
    const Eigen::MatrixXf product = w * inverse.triangularView<Eigen::Lower>();
    eigen = std::min(eigen, bench::now(false) - start);
    if (!(q.values.allFinite() && product.allFinite())) throw std::runtime_error("4096 x 4096: not finite");
  }
  to.add("4096x4096", 4, "gptq integers", whole / eigen, 1.5, "times Eigen", whole, whole <= 1.5 * eigen);
}

struct network {
  const char *model, *calibration, *tests, *labels;
  double four, three, two;  ///< anchors of top-1
  double below;             ///< points that widths averaging 4 bits may lose of the float network's, as a part; 0: any
};

void measure(report& to, const std::string& folder, const network& m) {
  const auto path = [&](const char* name, const char* ending) { return folder + "/" + name + ending; };
  const nn::graph net = nn::fold_batch_norms(nn::load_onnx(path(m.model, ".onnx")));
  const nn::tensor seen = nn::load_npy(path(m.calibration, ".npy")), x = nn::load_npy(path(m.tests, ".npy"));
  const auto labels = nn::load_labels(path(m.labels, ".npy"));
  const auto run = [&](int bits, const char* method, double anchor, auto&& rounded) {
    const double start = bench::now(false);
    const nn::graph g = rounded();
    const double took = bench::now(false) - start;
    to.add_top1(m.model, bits, method, nn::agreement(nn::top1(nn::predict(g, x)), labels), anchor, took);
  };
  const std::pair<const char*, nn::rounding_method> methods[] = {
      {"nearest", nn::rounding_method::nearest},   {"coordinate", nn::rounding_method::coordinate},
      {"hqq", nn::rounding_method::hqq},           {"adaround", nn::rounding_method::adaround},
      {"automatic", nn::rounding_method::automatic}, {"gptq", nn::rounding_method::gptq}};
  for (int bits = 4; bits >= 2; --bits) {
    const double anchor = bits == 4 ? m.four : bits == 3 ? m.three : m.two;
    for (const auto& [name, method] : methods) {
      nn::quantize_options o{.weight_bits = bits, .activation_bits = 32};
      o.equalize = nn::equalization::none;
      o.rounding = method;
      run(bits, name, method == nn::rounding_method::gptq ? anchor : 0, [&] { return nn::quantize(net, seen, o); });
    }
    nn::quantize_options o{.weight_bits = bits, .activation_bits = 32, .equalize = nn::equalization::activation_aware};
    run(bits, "awq gptq", 0, [&] { return nn::quantize(net, seen, o); });
    o.equalize = nn::equalization::none;
    o.codebooks = true;
    run(bits, "gptq codebooks per channel", bits == 2 ? m.two : 0, [&] { return nn::quantize(net, seen, o); });
  }
  const double in_float = nn::agreement(nn::top1(nn::predict(net, x)), labels);
  to.add_top1(m.model, 32, "float", in_float, 0, 0);
  run(4, "gptq widths averaging 4 bits", m.below > 0 ? in_float - m.below : 0, [&] {
    nn::quantize_options o{.activation_bits = 32, .equalize = nn::equalization::none};
    const auto table = nn::measure_widths(net, seen, {.error = nn::output_error::divergence, .quantize = o});
    o.widths = table.widths(table.within_bits(4));
    return nn::quantize(net, seen, o);
  });
  const nn::tensor sample = seen.rows(0, std::min<index_t>(512, seen.sizes[0]));
  const std::span<const nn::tensor> inputs(&sample, 1);
  run(2, "gptq Lloyd-Max", m.two, [&] { return nn::put_weights_on(net, inputs, weights::levels::gaussian(2)); });
  run(2, "gptq trellis", 0, [&] { return nn::put_weights_on(net, inputs, weights::trellis_levels<2>(12)); });
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 && count != 4) {
    std::fprintf(stderr, "weight_methods FILE.csv FOLDER [CASE]\n");
    return 2;
  }
  const std::string only = count == 4 ? arguments[3] : "";
  report to;
  int found = 0;
  const auto wanted = [&](const char* name) {
    const bool yes = only.empty() || only == name;
    found += yes;
    return yes;
  };
  try {
    if (wanted("AR(.9)")) measure(to, make("AR(.9)", 2048, 0.9f, false), {0.00195, 0.0073, 0.0268}, false);
    if (wanted("outliers")) measure(to, make("outliers", 2048, 0.9f, true), {0.00082, 0.0031, 0.0112}, true);
    if (wanted("512 iid")) measure_few(to);
    if (wanted("4096x4096")) measure_time(to);
    const network networks[] = {{"ic_float", "ic_calib_x", "ic_test_x", "ic_test_y", 0.760, 0.713, 0.60, 0.005},
                                {"mnist", "mnist_calib_x", "mnist_test_x", "mnist_test_y", 0, 0, 0.97, 0},
                                {"digits_cnn", "digits_train_x", "digits_test_x", "digits_test_y", 0, 0, 0.93, 0}};
    for (const network& n : networks) {
      if (wanted(n.model)) measure(to, arguments[2], n);
    }
    if (found == 0) contract::invalid_argument("no case is called '", only, "'");
    io::write_file(arguments[1], to.text());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "weight_methods: %s\n", e.what());
    return 1;
  }
  if (to.missed() > 0) std::fprintf(stderr, "weight_methods: %d anchors were missed\n", to.missed());
  return to.missed() > 0 ? 1 : 0;
}
