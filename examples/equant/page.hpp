// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

/// What pages share: no scripts, nothing from the network, drawings inside.
namespace program {

inline std::string escaped(const std::string& text) {
  std::string s;
  for (char c : text) {
    switch (c) {
      case '&':
        s += "&amp;";
        break;
      case '<':
        s += "&lt;";
        break;
      case '>':
        s += "&gt;";
        break;
      case '"':
        s += "&quot;";
        break;
      default:
        s += c;
    }
  }
  return s;
}

inline std::string page_start(const std::string& title) {
  return R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>equant: )" +
         escaped(title) + R"(</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24;
  background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
.facts { display: flex; flex-wrap: wrap; gap: 1rem }
.facts div { border: 1px solid #d0d7de; border-radius: 8px; padding: .6rem 1rem }
.facts b { display: block; font-size: 1.3rem }
.table { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem }
td, th { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #e4e8ec; white-space: nowrap }
tr.worst td { background: #fff4e5 }
svg { width: 100%; height: auto } .a { fill: #2f6fde; background: #2f6fde } .b { fill: #e0912f; background: #e0912f }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 .8em } .grid { stroke: #e4e8ec }
.tick { font-size: 11px; fill: #57606a; text-anchor: middle } .name { font-size: 12px; fill: #1b1f24; text-anchor: end }
td:first-child, th:first-child, .layers td:nth-child(2), .layers th:nth-child(2) { text-align: left }
</style></head><body>
<h1>)" + escaped(title) +
         "</h1>\n";
}

inline std::string page_end() { return "</body></html>\n"; }

}  // namespace program
