// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "builders.hpp"
#include "catch.hpp"
#include "core/says.hpp"

#include <equant/metrics/error.hpp>

#include <sstream>

namespace {

using namespace equant;
using metrics::error_accumulator;

template <class T>
error_report report(const std::vector<T>& x, const std::vector<T>& y) {
  error_accumulator sums;
  sums.add(x.data(), y.data(), static_cast<index_t>(x.size()));
  return sums.report();
}

const double infinity = std::numeric_limits<double>::infinity();
const float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// The lines of a text, by their first 16 characters.
std::string line(const std::string& text, const std::string& name) {
  std::istringstream in(text);
  for (std::string s; std::getline(in, s);) {
    if (s.substr(0, 16) == name + std::string(16 - name.size(), ' ')) return s.substr(16);
  }
  return "(no line " + name + ")";
}

}  // namespace

TEST_CASE("error: every measure by hand") {
  const error_report r = report<float>({1, 2, 3, 4}, {1.5f, 2, 2, 4});  // errors 0.5, 0, -1, 0
  CHECK(r.count == 4);
  CHECK(r.mse == 0.3125);
  CHECK(r.rmse == Approx(0.5590169943749475));
  CHECK(r.mae == 0.375);
  CHECK(r.max_abs == 1);
  CHECK(r.mean == -0.125);
  CHECK(r.sqnr_db == Approx(13.80211241711606));  // 10 log10(30 / 1.25)
  CHECK(r.psnr == Approx(14.59392487759231));     // 10 log10(9 / 0.3125)
  CHECK(r.cosine == Approx(27.5 / std::sqrt(30 * 26.25)));
  CHECK(!r.exact());
}

TEST_CASE("error: the mean error is reconstructed minus original") {
  CHECK(report<float>({1, 1}, {1.25f, 1.75f}).mean == 0.5);
  CHECK(report<double>({1, 1}, {0.25, 0.75}).mean == -0.5);
}

TEST_CASE("error: without an error") {
  const error_report r = report<double>({0.1, -7, 3}, {0.1, -7, 3});
  CHECK(r.exact());
  CHECK((r.mse == 0 && r.rmse == 0 && r.mae == 0 && r.max_abs == 0 && r.mean == 0));
  CHECK(r.sqnr_db == infinity);
  CHECK(r.psnr == infinity);
  CHECK(r.cosine == Approx(1));
}

TEST_CASE("error: where a ratio has no value") {
  CHECK(report<float>({0, 0}, {0, 0}).cosine == 1);
  CHECK(report<float>({0, 0}, {0, 0}).exact());
  CHECK(report<float>({0, 0}, {0, 0}).sqnr_db == infinity);
  CHECK(report<float>({0, 0}, {1, 0}).cosine == 0);
  CHECK(report<float>({1, 0}, {0, 0}).cosine == 0);
  CHECK(report<float>({1, 0}, {0, 0}).sqnr_db == 0);
  CHECK(report<float>({0, 0}, {1, 0}).sqnr_db == -infinity);
  CHECK(report<float>({3, 3}, {2, 3}).psnr == -infinity);  // a constant has no range
  CHECK(report<float>({1, 2}, {-1, -2}).cosine == Approx(-1));
  CHECK(report<float>({1, 0}, {0, 1}).cosine == 0);
  CHECK(report<double>({1e-200, 0}, {1e-200, 0}).exact());
}

TEST_CASE("error: over no values all is 0") {
  const error_report r = report<float>({}, {});
  CHECK(r.count == 0);
  CHECK((r.mse == 0 && r.rmse == 0 && r.mae == 0 && r.max_abs == 0 && r.mean == 0 && r.psnr == 0 && r.cosine == 0));
}

TEST_CASE("error: NaN makes the figures it touches NaN") {
  for (bool in_x : {true, false}) {
    std::vector<float> x(20, 1), y(20, 2);
    (in_x ? x : y)[13] = not_a_number;
    const error_report r = report(x, y);
    CHECK(r.count == 20);
    for (double v : {r.mse, r.rmse, r.mae, r.max_abs, r.mean, r.sqnr_db, r.psnr, r.cosine}) CHECK(std::isnan(v));
    CHECK(!r.exact());
    CHECK_THAT(line(to_string(r), "mse"), says("nan"));
  }
}

TEST_CASE("error: an infinite error is one") {
  const error_report r = report<float>({1, 2}, {1, HUGE_VALF});
  CHECK((r.mse == infinity && r.max_abs == infinity && r.mae == infinity && r.mean == infinity));
  CHECK(r.sqnr_db == -infinity);
}

TEST_CASE("error: batches in any split, and merged parts, equal one") {
  builders::random_numbers random(3);
  std::vector<float> x, y;  // small whole numbers, whose sums are exact in any order
  for (int i = 0; i < 500; ++i) {
    x.push_back(static_cast<float>(random.below(201) - 100));
    y.push_back(static_cast<float>(random.below(201) - 100));
  }
  const error_report whole = report(x, y);
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<error_accumulator> parts(3);
    for (index_t i = 0; i < 500;) {
      const index_t n = std::min<index_t>(random.below(40), 500 - i);
      parts[static_cast<std::size_t>(random.below(3))].add(x.data() + i, y.data() + i, n);
      i += n;
    }
    parts[2].merge(parts[0]);
    parts[1].merge(parts[2]);
    parts[1].merge(error_accumulator{});
    const error_report r = parts[1].report();
    CHECK(r.count == 500);
    CHECK((r.mse == whole.mse && r.mae == whole.mae && r.max_abs == whole.max_abs && r.mean == whole.mean));
    CHECK((r.sqnr_db == whole.sqnr_db && r.psnr == whole.psnr && r.cosine == whole.cosine));
  }
}

TEST_CASE("error: a report as text") {
  const error_report r = report<float>({1, 2, 3, 4}, {1.5f, 2, 2, 4});
  std::ostringstream out;
  out << r;
  CHECK(out.str() == to_string(r));
  CHECK(line(out.str(), "values") == "4");
  CHECK(line(out.str(), "mse") == "0.3125");
  CHECK(line(out.str(), "rmse") == "0.559017");
  CHECK(line(out.str(), "mae") == "0.375");
  CHECK(line(out.str(), "max abs error") == "1");
  CHECK(line(out.str(), "mean error") == "-0.125");
  CHECK(line(out.str(), "sqnr") == "13.8021 dB");
  CHECK(line(out.str(), "psnr") == "14.5939 dB");
  CHECK(line(out.str(), "cosine") == "0.979958");
  const std::string exact = to_string(report<float>({1, 2}, {1, 2}));
  CHECK(line(exact, "sqnr") == "exact");
  CHECK(line(exact, "psnr") == "exact");
}

TEST_CASE("error: a quantization report as text") {
  quantization_report r{report<float>({1, 2, 3, 4}, {1.5f, 2, 2, 4})};
  r.clipped = 0.125;
  r.mse_clipping = 0.25;
  r.mse_rounding = 0.0625;
  r.codes_used = 7;
  r.codes = 16;
  r.bits_per_value = 4.5;
  std::ostringstream out;
  out << r;
  CHECK(out.str() == to_string(r));
  CHECK(line(out.str(), "mse") == "0.3125");
  CHECK(line(out.str(), "clipped") == "12.5 % of the values");
  CHECK(line(out.str(), "  mse of those") == "0.25");
  CHECK(line(out.str(), "  of the others") == "0.0625");
  CHECK(line(out.str(), "codes used") == "7 of 16");
  CHECK(line(out.str(), "bits per value") == "4.5");
}
