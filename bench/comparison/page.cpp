// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <nlohmann/json.hpp>

#include "rows.hpp"
#include "table.hpp"

namespace comparison {
namespace {

using program::escaped;

std::string text_of(double x, int digits) { return std::isnan(x) ? std::string("-") : program::number(x, digits); }
std::string decibels(double db) { return std::isnan(db) ? std::string("-") : program::decibels(db); }
std::string heading(const job::figure& f) { return f.unit.empty() ? f.name : f.name + ", " + f.unit; }

/// A place in a drawing.
struct point {
  double x, y;
};
std::string at(const char* x, const char* y, point p) {
  char text[64];
  std::snprintf(text, sizeof text, " %s=\"%.1f\" %s=\"%.1f\"", x, p.x, y, p.y);
  return text;
}

/// Names beside dots, each moved up to where none lies yet.
class labels {
 public:
  std::string beside(point p, const std::string& name) {
    const double wide = 7 * static_cast<double>(name.size());
    const bool left = p.x + 8 + wide > 860;  // of the dot, where there is no room
    point q{left ? p.x - 8 - wide : p.x + 8, p.y + 4};
    while (std::any_of(taken_.begin(), taken_.end(), [&](const box& b) {
      return q.x < b.at.x + b.wide && b.at.x < q.x + wide && std::abs(q.y - b.at.y) < 11;
    })) {
      q.y -= 4;
    }
    taken_.push_back({q, wide});
    return "<text font-size=\"11\"" + std::string(left ? " text-anchor=\"end\"" : "") +
           at("x", "y", {left ? q.x + wide : q.x, q.y}) + ">" + escaped(name) + "</text>\n";
  }

 private:
  struct box {
    point at;
    double wide;
  };
  std::vector<box> taken_;
};

/// Dots of SQNR over stored bits, and the line of 6.02 dB a bit.
std::string dots(const job& j) {
  const double left = 50, wide = 780, high = 340;
  double most_bits = 1, most_db = 10;
  for (const row& r : j.rows) {
    if (!std::isfinite(r.sqnr_db)) continue;
    most_bits = std::max(most_bits, r.bits);
    most_db = std::max(most_db, r.sqnr_db);
  }
  most_bits *= 1.12;
  most_db *= 1.08;
  const auto place = [&](double bits, double db) {
    return point{left + wide * bits / most_bits, high - high * std::max(db, 0.0) / most_db};
  };
  std::string s = "<svg viewBox=\"0 0 860 384\" role=\"img\" aria-label=\"error against bits\">\n";
  for (int db = 0; db <= static_cast<int>(most_db); db += 10) {
    const point p = place(0, db);
    s += "<line class=\"grid\"" + at("x1", "y1", p) + at("x2", "y2", {left + wide, p.y}) + "/><text class=\"name\"" +
         at("x", "y", {left - 6, p.y + 4}) + ">" + std::to_string(db) + "</text>\n";
  }
  for (int bits = 0; bits <= static_cast<int>(most_bits); bits += most_bits > 20 ? 4 : 1) {
    s +=
        "<text class=\"tick\"" + at("x", "y", {place(bits, 0).x, high + 18}) + ">" + std::to_string(bits) + "</text>\n";
  }
  const double last = std::min(most_bits, most_db / 6.02);
  s += "<line stroke=\"#57606a\" stroke-dasharray=\"5 5\"" + at("x1", "y1", place(0, 0)) +
       at("x2", "y2", place(last, 6.02 * last)) + "/>\n";
  std::vector<row> rising = j.rows;
  std::stable_sort(rising.begin(), rising.end(), [](const row& a, const row& b) { return a.sqnr_db < b.sqnr_db; });
  labels names;
  for (const row& r : rising) {
    if (!std::isfinite(r.sqnr_db)) continue;
    const point p = place(r.bits, r.sqnr_db);
    s += "<circle class=\"a\" r=\"5\"" + at("cx", "cy", p) + "><title>" + escaped(r.name) + ": " + decibels(r.sqnr_db) +
         " dB at " + text_of(r.bits, 3) + " bits</title></circle>\n" + names.beside(p, r.name);
  }
  return s + "<text class=\"tick\"" + at("x", "y", {left + wide / 2, high + 38}) +
         ">bits stored per value</text></svg>\n<p>SQNR in dB, higher is better; dashed: 6.02 dB for each bit.</p>\n";
}

/// Bars of one figure, a row each.
std::string bars(const job& j, std::size_t which) {
  const double left = 250, wide = 500;
  double most = 0;
  for (const row& r : j.rows) {
    if (std::isfinite(r.figures[which])) most = std::max(most, r.figures[which]);
  }
  const bool times = j.figures[which].speed;
  const double first = j.rows[0].figures[which];
  std::string s = "<h3>" + escaped(heading(j.figures[which])) + "</h3>\n<svg viewBox=\"0 0 860 " +
                  std::to_string(22 * j.rows.size() + 8) + "\" role=\"img\" aria-label=\"" +
                  escaped(heading(j.figures[which])) + "\">\n";
  double y = 4;
  for (const row& r : j.rows) {
    const double value = r.figures[which];
    char width[32];
    std::snprintf(width, sizeof width, "%.1f", std::isfinite(value) && most > 0 ? wide * value / most : 0);
    s += "<text class=\"name\"" + at("x", "y", {left - 8, y + 13}) + ">" + escaped(r.name) + "</text><rect class=\"" +
         (&r == j.rows.data() ? "b" : "a") + "\"" + at("x", "y", {left, y}) + " width=\"" + width +
         "\" height=\"17\"/><text font-size=\"11\"" + at("x", "y", {left + std::atof(width) + 6, y + 13}) + ">" +
         text_of(value, 3) + (times && first > 0 ? " (" + text_of(value / first, 3) + " x)" : "") + "</text>\n";
    y += 22;
  }
  return s + "</svg>\n";
}

std::vector<std::string> head(const job& j) {
  std::vector<std::string> names = {"", "bits/value", "bytes", "SQNR dB"};
  for (const job::figure& f : j.figures) {
    names.push_back(heading(f));
    if (f.speed) names.push_back("x float32");
  }
  return names;
}

std::vector<std::string> cells(const job& j, const row& r) {
  std::vector<std::string> all = {r.name, text_of(r.bits, 3), std::to_string(r.bytes), decibels(r.sqnr_db)};
  for (std::size_t f = 0; f < j.figures.size(); ++f) {
    all.push_back(text_of(r.figures[f], j.figures[f].speed ? 3 : 4));
    if (j.figures[f].speed) all.push_back(text_of(r.figures[f] / j.rows[0].figures[f], 3));
  }
  return all;
}

}  // namespace

std::string to_text(const job& j) {
  program::text_table t(head(j));
  for (const row& r : j.rows) t.add(cells(j, r));
  return j.title + "\n\n" + t.text();
}

std::string to_csv(const std::vector<job>& jobs) {
  std::string s = "job,row,bits_per_value,bytes,sqnr_db,figure,value,unit\n";
  char line[256];
  for (const job& j : jobs) {
    for (const row& r : j.rows) {
      for (std::size_t f = 0; f < j.figures.size(); ++f) {
        std::snprintf(line, sizeof line, "%s,\"%s\",%.4g,%zu,%.4g,%s,%.4g,%s\n", j.name.c_str(), r.name.c_str(), r.bits,
                      r.bytes, r.sqnr_db, j.figures[f].name.c_str(), r.figures[f], j.figures[f].unit.c_str());
        s += line;
      }
    }
  }
  return s;
}

std::string to_json(const std::vector<job>& jobs, const std::string& machine) {
  const auto number = [](double x) {
    return std::isfinite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json all = {{"machine", machine}, {"jobs", nlohmann::ordered_json::array()}};
  for (const job& j : jobs) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const row& r : j.rows) {
      nlohmann::ordered_json one = {
          {"name", r.name}, {"bits_per_value", r.bits}, {"bytes", r.bytes}, {"sqnr_db", number(r.sqnr_db)}};
      for (std::size_t f = 0; f < j.figures.size(); ++f) one[heading(j.figures[f])] = number(r.figures[f]);
      rows.push_back(std::move(one));
    }
    all["jobs"].push_back({{"name", j.name}, {"title", j.title}, {"rows", std::move(rows)}});
  }
  return all.dump(2) + "\n";
}

std::string to_html(const std::vector<job>& jobs, const std::string& machine) {
  std::string s = program::page_start("Bit depths side by side");
  s += "<p>" + escaped(machine) +
       "; one thread, medians of runs in turns. What a bit less costs in error, and what it brings in size and speed, "
       "on this machine.</p>\n";
  for (const job& j : jobs) {
    s += "<h2>" + escaped(j.title) + "</h2>\n" + dots(j);
    for (std::size_t f = 0; f < j.figures.size(); ++f) s += bars(j, f);
    s += "<div class=\"table\"><table><tr>";
    for (const std::string& name : head(j)) s += "<th>" + escaped(name) + "</th>";
    s += "</tr>\n";
    for (const row& r : j.rows) {
      s += "<tr>";
      for (const std::string& cell : cells(j, r)) s += "<td>" + escaped(cell) + "</td>";
      s += "</tr>\n";
    }
    s += "</table></div>\n";
  }
  return s + program::page_end();
}

}  // namespace comparison
