// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "../pair.hpp"

/// Bit depths side by side at the jobs they are used for.
namespace comparison {

/// Row-major, as most files are.
using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// One bit depth at one job.
struct row {
  std::string name;
  double bits = 32;  ///< per stored value, parameters included
  std::size_t bytes = 0;
  double sqnr_db = unknown;       ///< infinite: exact
  std::vector<double> figures{};  ///< one for each of the job's, in its unit
};

/// A job, and what was measured at it.
struct job {
  std::string name;   ///< "tensor", "product", "network"
  std::string title;  ///< what was done, in a line
  struct figure {
    std::string name, unit;
    bool speed = true;  ///< drawn as bars beside float32; otherwise a part of 1
  };
  std::vector<figure> figures;
  std::vector<row> rows;  ///< float32 first
};

/// Something to time, and which figure of which row it gives: `amount` per second, times 1e-9.
struct timed {
  std::size_t row, figure;
  double amount;
  std::function<void()> run;
};

/// Times all of them in turns, so that a machine whose speed drifts slows all, and fills in the medians.
inline void measure(job& j, const std::vector<timed>& all, int rounds) {
  std::vector<std::vector<double>> seconds(all.size());
  for (const timed& t : all) t.run();
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) seconds[i].push_back(bench::seconds(all[i].run, 1));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    row& r = j.rows[all[i].row];
    r.figures.resize(j.figures.size(), unknown);
    r.figures[all[i].figure] = all[i].amount / bench::median(seconds[i]) * 1e-9;
  }
}

/// What the network is, and what it is shown.
struct network_files {
  std::string model, calibration, inputs, labels;
  float divide = 1;
};

job tensor_job(const matrix& x, const std::string& name, int rounds);
job product_job(long m, long n, long k, int rounds);
job network_job(const network_files& files, int rounds);

std::string to_csv(const std::vector<job>& jobs);
std::string to_json(const std::vector<job>& jobs, const std::string& machine);
std::string to_html(const std::vector<job>& jobs, const std::string& machine);
std::string to_text(const job& j);

}  // namespace comparison
