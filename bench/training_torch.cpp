// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <torch/torch.h>

#include <sys/resource.h>

#include <chrono>
#include <iostream>

/// PyTorch's side of training.cpp: `training_torch fused|folded STEPS` trains ResNet-18 for some steps as torch.ao does
/// by default (fbgemm: moving averages of ranges, weights per channel), on one thread, from random weights and images.
/// fused: with batch normalizations as torch.ao trains them; folded: without, as what they are folded into. Prints
/// "PyTorch KIND,seconds of the median step,largest megabytes of the process".
namespace {

/// fused_moving_avg_obs_fake_quant with its state.
struct fake_quantize {
  torch::Tensor on = torch::ones(1, torch::kLong), low, high, scale, zero_point;
  bool weights;

  explicit fake_quantize(std::int64_t channels, bool of_weights) : weights(of_weights) {
    const std::int64_t n = of_weights ? channels : 1;
    low = torch::full(n, std::numeric_limits<float>::infinity());
    high = -low;
    scale = torch::ones(n);
    zero_point = torch::zeros(n, torch::kInt);
  }
  torch::Tensor operator()(const torch::Tensor& x) {
    return at::fused_moving_avg_obs_fake_quant(x, on, on, low, high, scale, zero_point, 0.01, weights ? -128 : 0,
                                               127, weights ? 0 : -1, weights, weights);
  }
};

/// A convolution, its batch normalization, and the quantizers of weights and result.
struct unit : torch::nn::Module {
  torch::Tensor weight, gamma, beta, mean, variance;
  std::int64_t stride, pad;
  bool normed, relu;
  fake_quantize weights, result;

  unit(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t step, bool with_relu, bool with_norm)
      : stride(step), pad(kernel / 2), normed(with_norm), relu(with_relu), weights(out, true), result(1, false) {
    const double reach = std::sqrt(6.0 / static_cast<double>(in * kernel * kernel));
    weight = register_parameter("weight", (torch::rand({out, in, kernel, kernel}) * 2 - 1) * reach);
    if (normed) gamma = register_parameter("gamma", torch::ones(out));
    beta = register_parameter("beta", torch::zeros(out));
    mean = torch::zeros(out);
    variance = torch::ones(out);
  }
  torch::Tensor before(const torch::Tensor& x) {
    if (!normed) return torch::conv2d(x, weights(weight), beta, stride, pad);
    const torch::Tensor factor = gamma / torch::sqrt(variance + 1e-5);
    const torch::Tensor y = torch::conv2d(x, weights(weight * factor.reshape({-1, 1, 1, 1})), {}, stride, pad);
    return torch::batch_norm(y / factor.reshape({1, -1, 1, 1}), gamma, beta, mean, variance, true, 0.1, 1e-5, false);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = before(x);
    return result(relu ? torch::relu(y) : y);
  }
};

struct resnet18 : torch::nn::Module {
  struct block {
    std::shared_ptr<unit> first, second, shortcut;
    fake_quantize sum{1, false};
  };
  std::shared_ptr<unit> stem;
  std::vector<block> blocks;
  torch::nn::Linear dense{512, 1000};
  fake_quantize input{1, false}, weights{1000, true}, pooled{1, false}, logits{1, false};

  explicit resnet18(bool normed) {
    const auto add = [&](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, bool relu) {
      return register_module("conv" + std::to_string(children().size()),
                             std::make_shared<unit>(in, out, kernel, stride, relu, normed));
    };
    register_module("dense", dense);
    stem = add(3, 64, 7, 2, true);
    for (std::int64_t in = 64, n = 0; n < 8; ++n) {
      const std::int64_t out = 64L << (n / 2), stride = n > 1 && n % 2 == 0 ? 2 : 1;
      block b;
      b.first = add(in, out, 3, stride, true);
      b.second = add(out, out, 3, 1, false);
      if (stride == 2) b.shortcut = add(in, out, 1, 2, false);
      blocks.push_back(std::move(b));
      in = out;
    }
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(stem->forward(input(x)), 3, 2, 1);
    for (block& b : blocks) {
      const torch::Tensor beside = b.shortcut ? b.shortcut->forward(x) : x;
      x = b.sum(torch::relu(b.second->forward(b.first->forward(x)) + beside));
    }
    x = pooled(x.mean({2, 3}));
    return logits(torch::linear(x, weights(dense->weight), dense->bias));
  }
};

/// Seconds of the median step.
double train(bool normed, int steps) {
  torch::manual_seed(1);
  torch::set_num_threads(1);
  resnet18 net(normed);
  torch::optim::Adam optimizer(net.parameters(), 1e-4);
  const torch::Tensor x = torch::randn({4, 3, 224, 224}), y = torch::full({4}, 7, torch::kLong);
  std::vector<double> took;
  for (int step = 0; step < steps; ++step) {
    const auto start = std::chrono::steady_clock::now();
    optimizer.zero_grad();
    const torch::Tensor loss = torch::cross_entropy_loss(net.forward(x), y);
    loss.backward();
    optimizer.step();
    took.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) {
    std::cerr << "usage: " << arguments[0] << " fused|folded <steps>\n";
    return 2;
  }
  const std::string kind = arguments[1];
  const double seconds = train(kind == "fused", std::atoi(arguments[2]));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << "PyTorch " << kind << ',' << seconds << ',' << static_cast<double>(usage.ru_maxrss) / 1024 << '\n';
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
