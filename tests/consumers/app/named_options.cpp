// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT

// Options and parts of networks named one at a time: whoever names one is not warned of the others. (Those of nn's verbs
// are named so all over their tests, under the same warnings.)
#include <equant/gemm/depthwise.hpp>
#include <equant/gemm/gemm.hpp>
#include <equant/io/gguf.hpp>
#include <equant/io/onnx_model.hpp>
#include <equant/nn/graph.hpp>
#include <equant/nn/optimizer.hpp>
#include <equant/quantizers/product_code.hpp>
#include <equant/weights/adaround.hpp>
#include <equant/weights/round_weights.hpp>

namespace {

using namespace equant;

[[maybe_unused]] const std::tuple options{
    gemm::terms{.bias = {}},
    gemm::padding{.top = 1},
    gemm::padding{.right = 1},
    product_options{.dim = 4},
    product_options{.passes = 3},
    weights::rounding_options{.compensate = true},
    weights::rounding_options{.damping = 0.02f},
    weights::adaround_options{.steps = 3},
    nn::optimizer_options{.rate = 0.1},
};

[[maybe_unused]] const std::tuple parts{
    nn::grid{.scale = 2},
    nn::grid{.range = {.lowest = -8, .highest = 7}},
    nn::conv{.window = {.kernel = {3, 3}}},
    nn::conv{.weights = {.bits = 4}},
    nn::dense{.bias = {.values = {1}}},
    nn::batch_norm{.epsilon = 1e-3f},
    nn::clip{.high = 6},
    nn::max_pool{.window = {.ceil_mode = true}},
    nn::slice{.axes = {1}},
    nn::pad{.value = 1},
    nn::node{.name = "head"},
    nn::graph_input{.value = 1},
    nn::graph{.outputs = {0}},
    io::gguf_file{.tensors = {{.name = "w"}}},
    io::onnx::model{.graph = {.nodes = {{.op_type = "Relu"}}}},
};

}  // namespace
