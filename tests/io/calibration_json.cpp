// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "catch.hpp"

#include <equant/calibration/granular.hpp>
#include <equant/calibration/min_max.hpp>
#include <equant/calibration/percentile.hpp>
#include <equant/core/contiguous.hpp>
#include <equant/io/calibration_json.hpp>

namespace {

using namespace equant;

template <class Observer>
void round_trip(const Observer& observer, Observer other) {
  const std::string text = export_json(observer);
  INFO(text.substr(0, 200));
  import_json(other, text);
  CHECK(other.save() == observer.save());
  CHECK(export_json(other) == text);
}

template <class Observer>
bool refused(Observer& observer, const std::string& text) {
  const std::string before = observer.save();
  try {
    import_json(observer, text);
  } catch (const std::runtime_error&) {
    CHECK(observer.save() == before);
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("calibration_json: the text of a state, exact in both directions") {
  min_max range;
  CHECK(export_json(range) == R"({"kind":"min_max","version":1,"state":[{"real":"inf"},{"real":"-inf"}]})");
  round_trip(range, min_max{});
  range.observe(std::vector<double>{-2, 0.1});
  CHECK(export_json(range) == R"({"kind":"min_max","version":1,"state":[-2.0,0.1]})");
  min_max read;
  import_json(read, " {\"kind\":\"min_max\" ,\n\"version\":1,\"state\" :[ -2.0,1e-1 ]}\n");
  CHECK(read.range() == interval{-2, 0.1});

  percentile p(99.9);
  round_trip(p, percentile(50));
  std::vector<float> x;
  for (int i = 0; i < 1000; ++i) x.push_back(1 / (float(i) - 300.5f));
  p.observe(std::vector<float>(x.begin(), x.begin() + 20));
  round_trip(p, percentile(50));
  p.observe(x);
  round_trip(p, percentile(50));

  granular rows(percentile(90), per_axis{0});
  round_trip(rows, granular(percentile(90), per_axis{0}));
  rows.observe(Eigen::Map<const Eigen::MatrixXf>(x.data(), 4, 250));
  round_trip(rows, granular(percentile(90), per_axis{0}));
}

TEST_CASE("calibration_json: text that is not a state is refused and changes nothing") {
  percentile p(99.9);
  p.observe(std::vector<float>{1, 2, 3.5f});
  const std::string text = export_json(p);
  for (std::size_t n = 0; n < text.size(); ++n) CHECK(refused(p, text.substr(0, n)));
  CHECK(refused(p, text + "]"));
  min_max range;
  CHECK(refused(range, text));  // another kind
  for (const char* bad : {R"({"kind": "min_max", "version": 2, "state": [0.0, 1.0]})",
                          R"({"kind": "min_max", "version": 1, "state": [0.0, 1.0, 2.0]})",
                          R"({"kind": "min_max", "version": 1, "state": [1.0, 0.0]})",
                          R"({"kind": "min_max", "version": 1, "state": [0.0 1.0]})",
                          R"({"kind": "min_max", "version": 1, "state": [0.0, 1.0.0]})",
                          R"({"kind": "min_max", "version": 1, "state": [0.0, {"real": "inf"}]})",
                          R"({"kind": "min_max", "version": 1, "state": [0.0, true]})",
                          R"({"kind": "min_max", "version": 1, "state": [0.0, [1.0]]})",
                          R"({"kind": "min_max", "version": 1, "state": [0.0, 1.0], "more": 1})",
                          R"({"kind": "min_max", "version": -1, "state": [0.0, 1.0]})",
                          R"({"kind": 3, "version": 1, "state": [0.0, 1.0]})", "[]", "7",
                          R"({"kind": "min_\u1234max", "version": 1, "state": [0.0, 1.0]})"}) {
    INFO(bad);
    CHECK(refused(range, bad));
  }
}
