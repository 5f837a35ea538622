// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
//
// 13. A picture at 1 to 8 bits, to see what quantization does.
//
//   g++ -std=c++20 -O2 -march=native -I include -I /usr/include/eigen3 examples/13_picture.cpp -o 13 && ./13
//
// Writes picture_1_bit.ppm to picture_8_bit.ppm, which any viewer opens: above rounded to the nearest level, below with
// stochastic rounding. A picture of your own: ./13 - yours.ppm (made by: convert yours.jpg yours.ppm).
//
// Teaches: rounding to the nearest makes bands where the picture was smooth; its error is systematic, and the eye sees
// it. Stochastic rounding goes up or down at random, so that the mean is right: the error is larger, and yet at few
// bits the picture looks better. Training at low precision needs the same: small gradients must not vanish every time.
//
// To experiment: lloyd_max<2>(picture).quantize(picture) chooses four levels for this picture; quantize<uint2>(picture,
// per_group{1, 48}) gives each stretch of 16 pixels levels of its own.
#include <equant/equant.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>

using namespace equant;
// Rows of red, green, blue, red, ... from 0 to 1.
using image = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A ball in the evening sun.
image render(int width, int height) {
  image picture(height, 3 * width);
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const float x = static_cast<float>(2 * column - width) / static_cast<float>(height);
      const float y = static_cast<float>(height - 2 * row) / static_cast<float>(height);
      Eigen::Array3f color = y > -0.35f ? Eigen::Array3f(0.95f - 0.6f * y, 0.65f - 0.25f * y, 0.45f + 0.3f * y)
                                        : Eigen::Array3f(0.25f, 0.45f, 0.2f) * (0.9f + y * 0.5f);
      const float r2 = (x * x + y * y) / 0.36f;
      const float shadow = (x - 0.35f) * (x - 0.35f) / 0.4f + (y + 0.6f) * (y + 0.6f) / 0.01f;
      color *= std::min(0.4f + 0.6f * shadow, 1.0f);
      if (r2 < 1) {
        const float light = std::max((-0.55f * x + 0.6f * y) / 0.6f + 0.55f * std::sqrt(1 - r2), 0.0f);
        color = Eigen::Array3f(0.85f, 0.2f, 0.15f) * (0.12f + 0.88f * light) + 0.5f * std::pow(light, 40.0f);
      }
      for (int c = 0; c < 3; ++c) picture(row, 3 * column + c) = std::clamp(color[c], 0.0f, 1.0f);
    }
  }
  return picture;
}

image read_ppm(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int width = 0, height = 0, most = 0;
  if (!(file >> magic >> width >> height >> most) || magic != "P6" || width < 1 || height < 1 || most != 255)
    contract::bad_data(path, ": not there, or no PPM of 8 bits a colour (P6)");
  std::vector<char> bytes(static_cast<std::size_t>(3 * width * height));
  file.ignore().read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  using codes = Eigen::Matrix<unsigned char, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<codes>(reinterpret_cast<unsigned char*>(bytes.data()), height, 3 * width).cast<float>() / 255;
}

template <int Bits>
void quantize_picture(const image& picture) {
  const auto nearest = quantize<unsigned_integer<Bits>>(picture);
  const auto random = quantize<unsigned_integer<Bits>>(picture, stochastic{counter_bits{1}});
  image both(2 * picture.rows(), picture.cols());
  both << dequantize<image>(nearest), dequantize<image>(random);
  const std::string name = "picture_" + std::to_string(Bits) + "_bit.ppm";
  std::ofstream file(name, std::ios::binary);
  file << "P6 " << both.cols() / 3 << ' ' << both.rows() << " 255\n";
  for (const float v : both.reshaped<Eigen::RowMajor>()) file.put(static_cast<char>(std::lround(v * 255)));
  std::printf("%s  %3d levels a colour, %7zu bytes   PSNR %5.1f dB nearest, %5.1f dB stochastic\n", name.c_str(),
              1 << Bits, nearest.size_bytes(), compare(picture, nearest).psnr, compare(picture, random).psnr);
}

int main(int argc, char** argv) {
  const image picture = argc > 2 ? read_ppm(argv[2]) : render(320, 240);
  [&]<int... I>(std::integer_sequence<int, I...>) { (quantize_picture<I + 1>(picture), ...); }(
      std::make_integer_sequence<int, 8>{});
}
