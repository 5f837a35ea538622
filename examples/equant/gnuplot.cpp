// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "gnuplot.hpp"

#include <cstdio>
#include <stdexcept>

namespace program {

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.insert(at, 1, '\'');
  return "'" + text + "'";
}

void draw(const std::function<std::string(const std::string& unfinished)>& script, const std::string& path) {
  const std::string unfinished = path + ".part";
  std::FILE* gnuplot = popen("gnuplot 2>&1 >/dev/null", "w");
  if (gnuplot == nullptr) throw std::runtime_error("gnuplot could not be started for " + path);
  const std::string commands = script(unfinished);
  const bool written = std::fwrite(commands.data(), 1, commands.size(), gnuplot) == commands.size();
  const int status = pclose(gnuplot);
  if (!written || status != 0) {
    std::remove(unfinished.c_str());
    throw std::runtime_error("gnuplot could not draw " + path + " (Debian's package is gnuplot-nox)");
  }
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) {
    std::remove(unfinished.c_str());
    throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace program
