// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// The program: equant's answers without writing C++. Like the guard, this file is compiled for any CPU.
#include "bits.hpp"
#include "machine.hpp"

#include <equant/core/version.hpp>

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

namespace {

std::string version() {
  return "equant " + std::to_string(EQUANT_VERSION_MAJOR) + "." + std::to_string(EQUANT_VERSION_MINOR) + "." +
         std::to_string(EQUANT_VERSION_PATCH) + ", kernels for " + program::built_for.name;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("equant: turn real tensors into low-bit codes and see what it costs");
  app.require_subcommand(1);
  app.set_version_flag("--version", version());
  app.footer(version());

  program::bits_options bits;
  CLI::App* command = app.add_subcommand("bits", "Every bit depth and quantizer on one tensor: error, size, bound");
  command->add_option("file", bits.input, "A .npy file: float16/32/64 or integers, any shape")->required();
  command->add_option("--axis", bits.axis, "Parameters per position of this axis (negative from the end)");
  command->add_option("--group", bits.group, "Parameters per this many neighbours, along --axis or the last one");
  command->add_option("--from", bits.low, "Fewest bits")->capture_default_str();
  command->add_option("--to", bits.high, "Most bits")->capture_default_str();
  command->add_option("--sqnr", bits.sqnr, "Name the cheapest scheme that reaches this many dB");
  command->add_option("--bytes", bits.bytes, "Name the best scheme that takes at most so many bytes");
  command->add_option("--csv", bits.csv, "Write the table as CSV");
  command->add_option("--json", bits.json, "Write the table as JSON");
  command->add_option("--svg", bits.svg, "Draw error against bits, and levels over the data (needs gnuplot)");
  command->add_option("--png", bits.png, "The same as PNG");
  command->callback([&] { program::bits(bits); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    const std::string what = e.what();
    std::cerr << (what.starts_with("equant: ") ? what : "equant: " + what) << '\n';
    return 1;
  }
  return 0;
}
