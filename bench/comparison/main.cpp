// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Bit depths side by side on this machine: error, size and speed of storing a tensor, of products and of a network, as
// a table, CSV, JSON and a page with drawings.
#include <CLI/CLI.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/core/isa.hpp>
#include <equant/core/random.hpp>
#include <equant/io/file.hpp>
#include <equant/io/npy.hpp>
#include <iostream>

#include "rows.hpp"

namespace {

using namespace equant;

/// Standard normal values (Box and Muller, 1958): what weights look like.
comparison::matrix noise(long rows, long columns) {
  splitmix64 random(1);
  return comparison::matrix::NullaryExpr(rows, columns, [&] {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    return static_cast<float>(radius * std::cos(2 * 3.14159265358979 * random.uniform()));
  });
}

comparison::matrix load(const std::string& path) {
  const io::npy_array array = io::load_npy(path);
  const auto values = array.to<std::vector<float>>();
  const long columns = array.sizes.rank == 0 ? 1 : array.sizes[array.sizes.rank - 1];
  if (values.empty()) contract::bad_data(path, " holds no values");
  return Eigen::Map<const comparison::matrix>(values.data(), static_cast<long>(values.size()) / columns, columns);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Bit depths side by side on this machine: error, size, speed");
  std::string tensor, csv, json, html;
  long edge = 1024;
  int rounds = 11;
  comparison::network_files files;
  app.add_option("--tensor", tensor, "A .npy file to store; without it, normal noise");
  app.add_option("--edge", edge, "Sizes of the products and of the noise")
      ->capture_default_str()
      ->check(CLI::Range(32, 8192));
  app.add_option("--rounds", rounds, "Runs of each, whose median is shown")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--model", files.model, "A network, .onnx, with one input");
  app.add_option("--calibration", files.calibration, "Inputs to calibrate on, .npy");
  app.add_option("--inputs", files.inputs, "Inputs to judge by, .npy");
  app.add_option("--labels", files.labels, "Their classes, .npy; without them, the float network's answers");
  app.add_option("--divide", files.divide, "What inputs are divided by")->capture_default_str();
  app.add_option("--csv", csv, "Write the figures as CSV");
  app.add_option("--json", json, "Write the figures as JSON");
  app.add_option("--html", html, "Write a page with drawings");
  CLI11_PARSE(app, argc, argv);
  try {
    std::vector<comparison::job> jobs;
    const auto add = [&](comparison::job j) {
      std::cout << comparison::to_text(j) << std::endl;
      jobs.push_back(std::move(j));
    };
    const comparison::matrix x = tensor.empty() ? noise(2 * edge, edge) : load(tensor);
    add(comparison::tensor_job(x, tensor.empty() ? "normal noise" : tensor, rounds));
    add(comparison::product_job(1, 4 * edge, 4 * edge, rounds));
    add(comparison::product_job(edge, edge, edge, rounds));
    if (!files.model.empty()) add(comparison::network_job(files, 20 * rounds));
    const std::string machine = contract::joined("kernels: ", isa::native::name);
    if (!csv.empty()) io::write_file(csv, comparison::to_csv(jobs));
    if (!json.empty()) io::write_file(json, comparison::to_json(jobs, machine));
    if (!html.empty()) io::write_file(html, comparison::to_html(jobs, machine));
    for (const std::string& file : {csv, json, html}) {
      if (!file.empty()) std::cout << "written: " << file << '\n';
    }
  } catch (const std::exception& e) {
    std::cerr << "comparison: " << e.what() << '\n';
    return 1;
  }
}
