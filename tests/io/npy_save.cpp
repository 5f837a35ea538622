// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "io/npy_files.hpp"

#include <equant/core/tensor.hpp>

#include <algorithm>
#include <cstdlib>

namespace fs = std::filesystem;
using namespace npy_files;

TEST_CASE("npy: save_npy writes what NumPy writes") {
  using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  CHECK(written(counted<row_major>(2, 3)) == saved);
  CHECK(written(counted<Eigen::MatrixXf>(3, 2).transpose().eval()) != saved);

  // [[1, 4], [2, 5], [3, 6]] in column-major memory.
  const std::string columns = "\x93NUMPY" + bytes({1, 0, 0x76, 0}) +
                              "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }"
                              "                                                           \n" +
                              one_to_six;
  CHECK(written(counted<row_major>(2, 3).transpose()) == columns);
  CHECK(written(Eigen::MatrixXf(counted<row_major>(2, 3).transpose())) == columns);

  const std::string line = "\x93NUMPY" + bytes({1, 0, 0x76, 0}) +
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }"
                           "                                                            \n" +
                           one_to_six;
  CHECK(written(std::vector<float>{1, 2, 3, 4, 5, 6}) == line);

  const std::string scalar = "\x93NUMPY" + bytes({1, 0, 0x76, 0}) +
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"
                             "                                                              \n" +
                             one_to_six.substr(0, 4);
  const float one = 1;
  CHECK(written(view<const float>{&one, {}, {}}) == scalar);
}

TEST_CASE("npy: the padding of long headers is NumPy's") {
  // Rank 15, column-major: 10 bytes, 97 of dict, 20 to grow and the newline are 128. NumPy adds 64 more.
  const std::vector<float> x(32768, 1.0f);
  const shape twos = shape::filled(15, 2);
  const shape steps = dense_strides(twos, axis_order::column_major(15));
  const std::string columns = written(view<const float>{x.data(), twos, steps});
  REQUIRE(columns.size() == 192 + 4 * 32768);
  CHECK(columns.substr(8, 2) == bytes({182, 0}));
  CHECK(columns.substr(10, 97) ==
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2), }");
  CHECK(columns.substr(107, 85) == std::string(84, ' ') + "\n");
  CHECK(parse(columns).order == axis_order::column_major(15));
  const std::string rows = written(view<const float>{x.data(), twos, row_major_strides(twos)});
  CHECK(rows.size() == 192 + 4 * 32768);
}

TEST_CASE("npy: other strides are gathered to rows") {
  using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::MatrixXf frame = Eigen::MatrixXf::Constant(5, 7, -1.f);
  frame.block(1, 2, 2, 3) = counted<Eigen::MatrixXf>(2, 3);
  CHECK(written(frame.block(1, 2, 2, 3)) == saved);
  CHECK(written(row_major(frame).block(1, 2, 2, 3)) == saved);
  CHECK(written(counted<row_major>(2, 3) * 1.0f) == saved);  // an expression

  const std::string data = one_to_six + one_to_six;
  const io::npy_array a = parse(file(dict("<f4", "False", "(2, 6)"), data));
  const view<const float> backwards{a.as<float>().data + 5, {2, 3}, {0, -2}};  // 6, 4, 2 twice
  CHECK(values(parse(written(backwards))) == std::vector<double>{6, 4, 2, 6, 4, 2});

  const std::vector<float> cube(24, 1.0f);  // axes 1, 0, 2: neither order
  const view<const float> middle{cube.data(), {3, 2, 4}, {4, 12, 1}};
  CHECK(parse(written(middle)).order == axis_order::row_major());
}

TEST_CASE("npy: one memory, two orders: rows are said first") {
  CHECK_THAT(written(counted<Eigen::MatrixXf>(1, 6)), says("'fortran_order': False, 'shape': (1, 6), }"));
  CHECK_THAT(written(counted<Eigen::MatrixXf>(6, 1)), says("'fortran_order': False, 'shape': (6, 1), }"));
  CHECK_THAT(written(Eigen::MatrixXf(0, 4)), says("'fortran_order': False, 'shape': (0, 4), }"));
  CHECK(parse(written(Eigen::MatrixXf(0, 4))).sizes == shape{0, 4});
  CHECK(parse(written(std::vector<double>{})).sizes == shape{0});
}

TEMPLATE_TEST_CASE("npy: real matrices come back", "", float, double, fp16, bf16) {
  using matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic>;
  using rows = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const matrix m = counted<matrix>(7, 5);
  const rows r = m;
  using stored = std::conditional_t<std::same_as<TestType, bf16>, float, TestType>;
  for (const std::string& text : {written(m), written(r), written(r * TestType(1))}) {
    const io::npy_array a = parse(text);
    CHECK(a.type == io::npy::type_of<stored>());
    CHECK((a.template to<matrix>().array() == m.array()).all());
  }
  CHECK(parse(written(m)).order == axis_order::column_major(2));
  CHECK(parse(written(r)).order == axis_order::row_major());
  const auto part = parse(written(m.block(1, 1, 4, 3))).template to<matrix>();
  CHECK((part.array() == m.block(1, 1, 4, 3).array()).all());
}

TEMPLATE_TEST_CASE("npy: views of integers come back", "", bool, std::int8_t, std::uint8_t,
                   std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                   std::uint64_t) {
  using limits = std::numeric_limits<TestType>;
  const TestType x[] = {limits::lowest(), 0, 1, limits::max()};
  const io::npy_array a = parse(written(view<const TestType>{x, {2, 2}, {1, 2}}));
  CHECK(a.type == io::npy::type_of<TestType>());
  CHECK(a.order == axis_order::column_major(2));
  a.visit_stored([&](const auto& v) {
    for (int i = 0; i < 4; ++i) CHECK(static_cast<TestType>(v.data[i]) == x[i]);
  });
}

TEST_CASE("npy: the other types as bytes") {
  const fp16 half(1.5f);
  const double tenth = 0.1;
  const bf16 brain(-2.5f);
  const std::int8_t codes[] = {-128, 127};
  const bool truth = true;
  auto ends = [](const std::string& text, const char* descr, const std::string& data) {
    CHECK(text.size() == 128 + data.size());
    CHECK_THAT(text, says(std::string("{'descr': '") + descr + "', "));
    CHECK(text.substr(128) == data);
  };
  ends(written(view<const fp16>{&half, {1}, {1}}), "<f2", bytes({0, 0x3e}));
  ends(written(view<const double>{&tenth, {}, {}}), "<f8",
       bytes({0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f}));
  ends(written(view<const bf16>{&brain, {1, 1}, {1, 1}}), "<f4", bytes({0, 0, 0x20, 0xc0}));
  ends(written(view<const std::int8_t>{codes, {2}, {1}}), "|i1", bytes({0x80, 0x7f}));
  ends(written(view<const bool>{&truth, {1}, {1}}), "|b1", bytes({1}));
}
TEST_CASE("npy: real files") {
  const char* data = std::getenv("EQUANT_DATA");
  if (data == nullptr) EQUANT_SKIP("EQUANT_DATA is not set");
  const std::string embed = std::string(data) + "/embed/";
  const io::npy_array w = io::load_npy(embed + "digits_mlp_w1.npy");
  CHECK(w.type == io::npy_type::float32);
  CHECK(w.sizes == shape{128, 64});
  CHECK(w.to<Eigen::MatrixXf>().allFinite());
  CHECK(w.to<Eigen::MatrixXf>().cwiseAbs().maxCoeff() < 10);

  const io::npy_array x = io::load_npy(embed + "digits_train_x.npy");
  CHECK(x.type == io::npy_type::uint8);
  CHECK(x.sizes == shape{1200, 1, 8, 8});
  const auto pixels = x.to<Eigen::Tensor<float, 4>>();
  CHECK(*std::max_element(pixels.data(), pixels.data() + pixels.size()) == 16);

  const io::npy_array y = io::load_npy(embed + "digits_train_y.npy");
  CHECK(y.to<Eigen::VectorXf>().maxCoeff() == 9);

  // NumPy wrote these; written again, every byte is the same.
  int files = 0;
  for (const std::string& folder_name : {std::string(data), embed}) {
    for (const auto& entry : fs::directory_iterator(folder_name)) {
      if (entry.path().extension() != ".npy") continue;
      ++files;
      INFO(entry.path().string());
      const std::string original = io::read_file(entry.path().string());
      io::parse_npy(original, "real").visit_stored([&](const auto& v) { CHECK((written(v) == original)); });
    }
  }
  CHECK(files >= 5);
}
