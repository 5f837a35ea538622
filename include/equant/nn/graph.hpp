// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/nn/layers.hpp>

#include <optional>
#include <string_view>

namespace equant::inline EQUANT_ABI::nn {

/// A value of the network: an input, or what a node computes. One with a grid is quantized as soon as it is computed,
/// and everyone who reads it sees the quantized one.
struct value {
  std::string name{};
  std::optional<nn::grid> grid{};
};

struct node {
  std::string name{};
  nn::layer layer{};
  std::vector<int> inputs{};  ///< values
  int output = 0;           ///< value
};

/// An input of the network; -1 stands for a size that each run decides, the batch.
struct graph_input {
  int value = 0;
  shape sizes{};
};

/// A network: values, and nodes in an order in which they can be computed. A quantized network is the same with grids
/// on its values and codes in its weights: run in float it is the fake-quantized one, in integers the quantized one,
/// written to a file the QDQ model.
struct graph {
  std::string name{};
  std::vector<nn::value> values{};
  std::vector<node> nodes{};
  std::vector<graph_input> inputs{};
  std::vector<int> outputs{};

  const nn::value& at(int v) const { return values[static_cast<std::size_t>(v)]; }
  nn::value& at(int v) { return values[static_cast<std::size_t>(v)]; }

  int add_value(std::string called) {
    values.push_back({std::move(called), std::nullopt});
    return static_cast<int>(values.size()) - 1;
  }
  /// A node at the end, its result a new value of its name. Returns the value.
  int add(std::string called, nn::layer what, std::vector<int> from) {
    const int result = add_value(called);
    nodes.push_back({std::move(called), std::move(what), std::move(from), result});
    return result;
  }
  int add_input(std::string called, const shape& sizes) {
    const int v = add_value(std::move(called));
    inputs.push_back({v, sizes});
    return v;
  }

  /// The first node of this name, or null where none has it.
  const node* find(std::string_view called) const {
    for (const node& n : nodes) {
      if (n.name == called) return &n;
    }
    return nullptr;
  }
  /// The node that computes a value, or null where it is an input of the network.
  const node* producer(int v) const {
    for (const node& n : nodes) {
      if (n.output == v) return &n;
    }
    return nullptr;
  }
  /// The nodes that read a value, by their place; one that reads it twice stands there once.
  std::vector<std::size_t> readers(int v) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (int input : nodes[i].inputs) {
        if (input == v) {
          found.push_back(i);
          break;
        }
      }
    }
    return found;
  }
  bool is_output(int v) const {
    for (int o : outputs) {
      if (o == v) return true;
    }
    return false;
  }
};

}  // namespace equant::inline EQUANT_ABI::nn
