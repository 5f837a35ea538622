// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "families.hpp"
#include "report.hpp"

#include <equant/calibration/aciq.hpp>
#include <equant/calibration/automatic.hpp>
#include <equant/calibration/entropy.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/calibration/mse.hpp>
#include <equant/calibration/percentile.hpp>
#include <equant/calibration/torch_histogram.hpp>
#include <equant/core/contiguous.hpp>

#include <map>

/// What a calibrator loses to the best range of the population: the mean of 5 samples of 327 680 values, in dB.
namespace {

using namespace equant;

constexpr int seeds = 5;
constexpr index_t samples = 327680;

/// The best known tools' loss at 4 and 8 bits, by family and calibrator.
const std::map<std::string, std::map<std::string, std::pair<double, double>>> anchors = {
    {"ReLU'd Gauss", {{"optimum", {24.33, 46.02}}, {"min_max", {2.8, .13}}, {"percentile 99.99", {1.4, 2.08}},
                      {"percentile 99.999", {accuracy::none, .03}}, {"mse", {0, .16}}, {"entropy", {1.05, 3.9}},
                      {"torch_histogram", {2.16, .23}}, {"automatic", {accuracy::none, .07}}}},
    {"Laplace", {{"optimum", {15.98, 35.21}}, {"min_max", {6.2, 1.18}}, {"percentile 99.99", {3.8, .25}},
                 {"percentile 99.999", {accuracy::none, .56}}, {"mse", {0, .01}}, {"entropy", {.76, 3.4}},
                 {"torch_histogram", {4.5, .11}}, {"automatic", {accuracy::none, 0}}}},
    {"log-normal", {{"optimum", {13.01, 27.04}}, {"min_max", {6.4, .21}}, {"percentile 99.99", {2.4, 4.81}},
                    {"percentile 99.999", {accuracy::none, .82}}, {"mse", {0, .80}}, {"entropy", {.38, 10.9}},
                    {"torch_histogram", {5.2, .89}}, {"automatic", {accuracy::none, .13}}}},
    {"t(4)", {{"optimum", {12.74, 24.95}}, {"min_max", {9.7, .65}}, {"percentile 99.99", {5.0, 1.90}},
              {"percentile 99.999", {accuracy::none, .13}}, {"mse", {.01, .22}}, {"entropy", {.09, 5.1}},
              {"torch_histogram", {6.8, .70}}, {"automatic", {accuracy::none, .10}}}},
    {"outliers", {{"optimum", {7.66, 27.78}}, {"min_max", {4.4, .53}}, {"percentile 99.99", {4.0, .07}},
                  {"percentile 99.999", {accuracy::none, .42}}, {"mse", {.01, .01}}, {"entropy", {.82, 20.4}},
                  {"torch_histogram", {4.1, .14}}, {"automatic", {accuracy::none, 5.7}}}},
};

double anchor(const std::string& family, const std::string& row, int bits) {
  const auto found = anchors.find(family);
  if (found == anchors.end()) return accuracy::none;
  const auto figure = found->second.find(row);
  if (figure == found->second.end()) return accuracy::none;
  return bits == 4 ? figure->second.first : figure->second.second;
}

double decibel(double ratio) { return 10 * std::log10(ratio); }

/// What `automatic` loses at most, over families and schemes.
struct worst_loss {
  double at_4 = 0, at_8 = 0;
};

template <class Format, class Scheme>
void rows(worst_loss& worst, accuracy::report& out, const accuracy::family& f, Scheme scheme,
          const std::vector<std::vector<float>>& data) {
  accuracy::uniform_grid grid{1, 0, double(Format::range.lowest), double(Format::range.highest)};
  const bool fixed = std::same_as<Scheme, symmetric_t>;
  const double floor = 1e-9 * f.power();  // a lattice is represented exactly
  const double best = fixed ? f.least_error(grid) : f.least_error_of_zeros(grid);
  const std::string suffix = f.one_sided || fixed ? "" : " asymmetric";
  const auto add = [&](const std::string& row, double figure, const char* unit) {
    const double known = suffix.empty() ? anchor(f.name, row, Format::bits) : accuracy::none;
    out.add({f.name + " " + row + suffix, Format::bits, figure, known, accuracy::none, unit});
  };
  add("optimum", decibel(f.power() / (best + floor)), "dB");
  const auto loss = [&](const std::string& row, const auto& prototype) {
    double sum = 0;
    for (const auto& x : data) {
      auto observer = prototype;
      observer.observe(x);
      const affine p = observer.template params<Format>(scheme)[0];
      grid.scale = static_cast<double>(p.scale);
      grid.zero = p.zero_point;
      sum += decibel((f.error(grid) + floor) / (best + floor));
    }
    add(row, sum / seeds, "dB loss");
    return sum / seeds;
  };
  double& most = Format::bits == 4 ? worst.at_4 : worst.at_8;
  most = std::max(most, loss("automatic", automatic{}));
  loss("mse", mse{});
  if (!suffix.empty()) return;
  loss("min_max", min_max{});
  loss("percentile 99.99", percentile{99.99});
  loss("percentile 99.999", percentile{99.999});
  loss("entropy", entropy{});
  loss("aciq", aciq{});
  loss("torch_histogram", torch_histogram{});
}

const accuracy::group calibrators("calibrators", [](accuracy::report& out) {
  for (const bool named : {true, false}) {
    worst_loss worst;
    for (const accuracy::family& f : named ? accuracy::named_families() : accuracy::other_families()) {
      std::vector<std::vector<float>> data;
      for (int seed = 1; seed <= seeds; ++seed) data.push_back(f.sample(samples, std::uint64_t(seed)));
      if (f.one_sided) {
        rows<uint4>(worst, out, f, asymmetric, data);
        rows<uint8>(worst, out, f, asymmetric, data);
      } else {
        rows<int4>(worst, out, f, symmetric, data);
        rows<int8>(worst, out, f, symmetric, data);
        rows<int4>(worst, out, f, asymmetric, data);
        rows<int8>(worst, out, f, asymmetric, data);
      }
    }
    const std::string of = named ? "worst of these automatic" : "worst of families not named automatic";
    out.add({of, 4, worst.at_4, accuracy::none, accuracy::none, "dB loss"});
    out.add({of, 8, worst.at_8, accuracy::none, accuracy::none, "dB loss"});
  }
});

}  // namespace
