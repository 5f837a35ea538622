// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "bits.hpp"

#include "plot.hpp"

#include <equant/io/npy.hpp>
#include <equant/sweep/leaders.hpp>
#include <equant/sweep/recommend.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace program {
namespace {

using namespace equant;

/// The granularities asked for, or the standard ones.
std::vector<sweep::named_blocking> granularities(const bits_options& options, const shape& sizes) {
  if (!options.axis && !options.group) return sweep::standard_granularities(sizes);
  std::vector<sweep::named_blocking> g = {{to_string(per_tensor), normal_form(per_tensor, sizes)}};
  if (options.axis) {
    const per_axis axis{checked_axis(*options.axis, sizes.rank)};
    g.push_back({to_string(axis), normal_form(axis, sizes)});
  }
  if (options.group) {
    const per_group group{checked_axis(options.axis.value_or(-1), sizes.rank), *options.group};
    g.push_back({to_string(group), normal_form(group, sizes)});
  }
  return g;
}

nlohmann::ordered_json to_json(const sweep::table& t, const std::string& file) {
  const auto number = [](std::optional<double> x) {
    return x && std::isfinite(*x) ? nlohmann::ordered_json(*x) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const sweep::row& r : t.rows) {
    rows.push_back({{"kind", r.kind},
                    {"bits", r.bits},
                    {"quantizer", r.quantizer},
                    {"granularity", r.granularity},
                    {"bits_per_value", r.bits_per_value},
                    {"sqnr_db", number(r.sqnr_db)},
                    {"mse", r.mse},
                    {"max_abs", r.max_abs},
                    {"bytes", r.bytes},
                    {"ratio", r.ratio},
                    {"bound_db", number(r.bound_db)},
                    {"gap_db", number(r.gap_db())}});
  }
  std::vector<index_t> sizes;
  for (int axis = 0; axis < t.sizes.rank; ++axis) sizes.push_back(t.sizes[axis]);
  return {{"file", file}, {"shape", sizes}, {"power", t.power}, {"entropy_bits", number(t.entropy)}, {"rows", rows}};
}

/// SQNR at a glance: a line per bit depth, a column per series.
void print_overview(const std::vector<sweep::series>& best) {
  std::cout << "\nSQNR in dB (higher is better; each bit should bring 6.02 dB), the best of each kind:\n";
  for (std::size_t i = 0; i < best.size(); ++i) std::cout << "  [" << i + 1 << "] " << best[i].name << '\n';
  std::cout << "bits";
  for (std::size_t i = 0; i < best.size(); ++i) {
    const std::string column = contract::joined("[", i + 1, "]");
    std::cout << std::string(8 - column.size(), ' ') << column;
  }
  for (int bits = 1; bits <= sweep::most_bits; ++bits) {
    std::string line;
    bool any = false;
    for (const sweep::series& s : best) {
      const auto here = std::find_if(s.rows.begin(), s.rows.end(), [&](const sweep::row& r) { return r.bits == bits; });
      const std::string value = here == s.rows.end() ? "" : sweep::decibel(here->sqnr_db);
      any = any || !value.empty();
      line += std::string(value.size() < 8 ? 8 - value.size() : 1, ' ') + value;
    }
    if (any) std::cout << '\n' << std::string(bits < 10 ? 3 : 2, ' ') << bits << line;
  }
  std::cout << '\n';
}

/// The data in bins, and the levels of 4 bits: uniform over all of it, and of least error.
template <class T>
spread spread_of(const view<const T>& x) {
  const sorted_values values = sweep::codebook_rows::sample(x);
  const double low = values.value(0), high = values.value(values.count() - 1);
  spread s;
  if (low < high) {
    const metrics::bin_counts h = metrics::histogram_of(x, interval{low, high}, 200);
    for (std::size_t i = 0; i < h.counts.size(); ++i) s.bins.push_back({h.middle(i), static_cast<double>(h.counts[i])});
  } else {
    s.bins = {{low, static_cast<double>(x.count())}};
  }
  const auto quantizer = lloyd_max<4>(values);
  const auto levels = quantizer.levels();
  const auto map = fit<int4, T>(interval{low, high}, asymmetric);
  s.levels = {{"uniform, 4 bits", {}}, {"Lloyd-Max, 4 bits", {levels.begin(), levels.end()}}};
  for (std::int32_t code = int4::range.lowest; code <= int4::range.highest; ++code) {
    s.levels[0].second.push_back(static_cast<double>(real_value<T>(code, map)));
  }
  return s;
}

/// The row that was asked for, in a sentence.
void print_recommendation(const std::string& target, const std::optional<sweep::row>& r) {
  std::cout << "\nrecommended for " << target << ": ";
  if (r) {
    std::cout << r->quantizer << ", " << r->granularity << ", " << r->bits << " bits: " << sweep::decibel(r->sqnr_db)
              << " dB in " << r->bytes << " bytes (" << r->bits_per_value << " bits per value)\n";
  } else {
    std::cout << "nothing in this table\n";
  }
}

}  // namespace

void bits(const bits_options& options) {
  const io::npy_array array = io::load_npy(options.input);
  const bool drawn = !options.svg.empty() || !options.png.empty();
  spread data;
  const sweep::table table = array.visit([&](const auto& x) {
    if (x.count() == 0) contract::bad_data(options.input, ": ", to_string(x.sizes), " holds no values");
    auto run = [&](const auto& v) {
      for (index_t i = 0; i < v.count(); ++i) {  // as they lie in the file, without gaps
        const auto value = static_cast<double>(v.data[i]);
        if (!std::isfinite(value)) contract::bad_data(options.input, ": ", value, " at place ", i);
      }
      if (drawn) data = spread_of(v);
      return std::apply([&](const auto&... family) { return sweep::run(v, options.low, options.high, family...); },
                        sweep::standard_families(granularities(options, v.sizes)));
    };
    using T = std::remove_const_t<typename std::remove_cvref_t<decltype(x)>::value_type>;
    if constexpr (std::same_as<T, fp16>) {
      std::vector<float> wide(static_cast<std::size_t>(x.count()));  // exact, in the same order
      const view<float> y{wide.data(), x.sizes, dense_strides(x.sizes, x.order())};
      io::npy::copy(x, y);
      return run(view<const float>(y));
    } else {
      return run(x);
    }
  });

  std::cout << options.input << ": " << to_string(table.sizes) << " of " << to_string(array.type) << ", mean square "
            << table.power << ", ";
  if (table.entropy) {
    std::cout << "differential entropy " << *table.entropy << " bits\n\n";
  } else {
    std::cout << "discrete or too few values: no bound\n\n";
  }
  std::cout << table;
  if (table.entropy) {
    std::cout << "\n'to bound' is the distance in dB to Shannon's bound for independent values at those bits per "
                 "value.\n";
  }
  print_overview(sweep::leaders(table, shown_of_each_kind));

  if (options.sqnr) {
    print_recommendation(sweep::decibel(*options.sqnr) + " dB", recommend(table, target_sqnr{*options.sqnr}));
  }
  if (options.bytes) {
    print_recommendation(std::to_string(*options.bytes) + " bytes", recommend(table, target_bytes{*options.bytes}));
  }

  if (!options.csv.empty()) io::write_file(options.csv, to_csv(table));
  if (!options.json.empty()) io::write_file(options.json, to_json(table, options.input).dump(2) + "\n");
  const std::string name = options.input.substr(options.input.find_last_of('/') + 1);
  const std::string title = contract::joined("Error against bits: ", name);
  if (!options.svg.empty()) plot(table, data, title, "svg", options.svg);
  if (!options.png.empty()) plot(table, data, title, "pngcairo", options.png);
  for (const std::string& file : {options.csv, options.json, options.svg, options.png}) {
    if (!file.empty()) std::cout << "written: " << file << '\n';
  }
}

}  // namespace program
