// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include <equant/core/contiguous.hpp>
#include <equant/core/tensor.hpp>
#include <equant/io/npy.hpp>
#include <equant/quantize.hpp>

#include "core/says.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#include <csignal>
#endif

// The expected bytes are written by hand after the format's specification (numpy.lib.format).

using namespace equant;
namespace fs = std::filesystem;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (int v : values) text += static_cast<char>(v);
  return text;
}

/// A file of the given version with this header, which the specification lets end without padding.
std::string file(const std::string& dict, const std::string& data, int version = 1) {
  const std::string header = dict + "\n";
  const int n = static_cast<int>(header.size());
  std::string text = "\x93NUMPY" + bytes({version, 0, n % 256, n / 256});
  if (version > 1) text += bytes({0, 0});
  return text + header + data;
}

std::string dict(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

const std::string one_to_six = bytes({0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40,       // 1, 2, 3
                                      0, 0, 0x80, 0x40, 0, 0, 0xa0, 0x40, 0, 0, 0xc0, 0x40});  // 4, 5, 6

/// [[1, 2, 3], [4, 5, 6]] as np.save writes it: 10 + 118 bytes, then the numbers.
const std::string saved = "\x93NUMPY" + bytes({1, 0, 0x76, 0}) +
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
                          "                                                          \n" +
                          one_to_six;

io::npy_array parse(const std::string& text) { return io::parse_npy(text, "w.npy"); }

/// All values in logical order.
std::vector<double> values(const io::npy_array& a) { return a.to<std::vector<double>>(); }

/// Refused with the name of the file, the offset and `part`.
void refused(const std::string& text, const std::string& part) {
  INFO(part);
  CHECK_THROWS_AS(parse(text), std::runtime_error);
  CHECK_THROWS_WITH(parse(text), says("equant: w.npy, offset ") && says(part));
}

void refused_header(const std::string& header, const std::string& part) {
  refused(file(header, one_to_six), part);
}

/// A folder of its own for the test at hand.
class folder {
 public:
  folder() : path_(fs::temp_directory_path() / ("equant_npy_" + std::to_string(std::random_device()()))) {
    fs::create_directory(path_);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { fs::remove_all(path_); }

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path_)) found.push_back(entry.path().filename().string());
    return found;
  }

 private:
  fs::path path_;
};

/// The bytes save_npy writes.
template <class X>
std::string written(const X& x) {
  const folder here;
  io::save_npy(here / "x.npy", x);
  return io::read_file(here / "x.npy");
}

template <class M>
M counted(index_t rows, index_t cols) {
  M m(rows, cols);
  for (index_t i = 0; i < m.size(); ++i) {
    m(i / cols, i % cols) = static_cast<typename M::Scalar>(static_cast<float>(i + 1));
  }
  return m;
}

const std::vector<double> six = {1, 2, 3, 4, 5, 6};

}  // namespace

TEST_CASE("npy: a file as NumPy writes it") {
  REQUIRE(saved.size() == 128 + 24);
  const io::npy_array a = parse(saved);
  CHECK(a.type == io::npy_type::float32);
  CHECK(a.sizes == shape{2, 3});
  CHECK(a.order == axis_order::row_major());
  CHECK(a.data.size() == 24);
  CHECK(values(a) == six);
  CHECK(a == parse(saved));
}

TEST_CASE("npy: every type in every byte order") {
  struct row {
    const char* descr;
    io::npy_type type;
    const char* name;
    std::string data;  // most significant byte first
    std::vector<double> expected;
  };
  using enum io::npy_type;
  const std::vector<row> rows = {
      {"b1", boolean, "bool", bytes({0, 1, 2, 255}), {0, 1, 1, 1}},
      {"i1", int8, "int8", bytes({0x80, 0xff, 0, 0x7f}), {-128, -1, 0, 127}},
      {"u1", uint8, "uint8", bytes({0x80, 0xff, 0, 0x7f}), {128, 255, 0, 127}},
      {"i2", int16, "int16", bytes({0x80, 0, 0xff, 0xfe, 0x12, 0x34}), {-32768, -2, 0x1234}},
      {"u2", uint16, "uint16", bytes({0x80, 0, 0xff, 0xfe, 0x12, 0x34}), {32768, 65534, 0x1234}},
      {"i4", int32, "int32", bytes({0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x79}), {-2147483648.0, 0x12345679}},
      {"u4", uint32, "uint32", bytes({0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}), {0x1p31, 4294967295.0}},
      {"i8", int64, "int64", bytes({0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}),
       {-0x1p63, 0x10203040506}},
      {"u8", uint64, "uint64", bytes({0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}),
       {0x1p63, 0x10203040506}},
      {"f2", float16, "float16", bytes({0x3e, 0, 0xfb, 0xff, 0, 1}), {1.5, -65504, 0x1p-24}},
      {"f4", float32, "float32", bytes({0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0}), {1, -2.5}},
      {"f8", float64, "float64", bytes({0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a}), {0.1}},
  };
  for (const row& r : rows) {
    INFO(r.name);
    const std::string shape_text = "(" + std::to_string(r.expected.size()) + ",)";
    const std::size_t size = r.data.size() / r.expected.size();
    std::string little = r.data;
    for (std::size_t i = 0; i < little.size(); i += size) {
      std::reverse(&little[i], &little[i] + size);
    }
    const io::npy_array big = parse(file(dict(std::string(">") + r.descr, "False", shape_text), r.data));
    CHECK(big.type == r.type);
    CHECK(to_string(big.type) == r.name);
    CHECK(values(big) == r.expected);
    CHECK(parse(file(dict(std::string("<") + r.descr, "False", shape_text), little)) == big);
    const std::string& native = std::endian::native == std::endian::little ? little : r.data;
    CHECK(parse(file(dict(std::string("=") + r.descr, "False", shape_text), native)) == big);
    CHECK(parse(file(dict(std::string("|") + r.descr, "False", shape_text), native)) == big);
  }
}

TEST_CASE("npy: versions 1.0, 2.0 and 3.0 differ in the width of the length alone") {
  for (int version : {1, 2, 3}) {
    CHECK(values(parse(file(dict("<f4", "False", "(2, 3)"), one_to_six, version))) == six);
  }
  const std::string spaces(70000, ' ');  // more than version 1.0 can say: 0x11170 + 59 + 1
  const std::string header = dict("<f4", "False", "(2, 3)") + spaces + "\n";
  REQUIRE(header.size() == 0x111ac);
  CHECK(values(parse("\x93NUMPY" + bytes({2, 0, 0xac, 0x11, 1, 0}) + header + one_to_six)) == six);
}

TEST_CASE("npy: the header is Python, not one text") {
  for (const char* header : {"{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}",
                             "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,3,),}",
                             "  {  'descr'\t:\n'<f4' ,'fortran_order' : False , 'shape' : ( 2 , 3 ) , } \n  "}) {
    CHECK(values(parse(file(header, one_to_six))) == six);
  }
}

TEST_CASE("npy: fortran_order is column-major") {
  const io::npy_array a = parse(file(dict("<f4", "True", "(2, 3)"), one_to_six));
  CHECK(a.order == axis_order::column_major(2));
  CHECK(a.as<float>().strides == shape{1, 2});
  CHECK(values(a) == std::vector<double>{1, 3, 5, 2, 4, 6});
  Eigen::MatrixXf expected(2, 3);
  expected << 1, 3, 5, 2, 4, 6;
  CHECK(a.to<Eigen::MatrixXf>() == expected);

  std::string data;
  for (int i = 0; i < 24; ++i) data += static_cast<char>(i);
  const auto t = parse(file(dict("|u1", "True", "(2, 3, 4)"), data)).to<Eigen::Tensor<float, 3>>();
  const auto r = parse(file(dict("|u1", "False", "(2, 3, 4)"), data)).to<Eigen::Tensor<float, 3>>();
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 4; ++k) {
        CHECK(t(i, j, k) == static_cast<float>(i + 2 * (j + 3 * k)));
        CHECK(r(i, j, k) == static_cast<float>(k + 4 * (j + 3 * i)));
      }
    }
  }
}

TEST_CASE("npy: ranks 0 to 16, and empty arrays") {
  const std::string four = one_to_six.substr(12, 4);
  const io::npy_array scalar = parse(file(dict("<f4", "False", "()"), four));
  CHECK(scalar.sizes == shape{});
  CHECK(values(scalar) == std::vector<double>{4});
  CHECK(scalar.to<Eigen::MatrixXf>() == Eigen::MatrixXf::Constant(1, 1, 4.f));

  std::string ones = "(2";
  for (int i = 1; i < 16; ++i) ones += ", 1";
  const io::npy_array deep = parse(file(dict("<f4", "True", ones + ")"), four + four));
  CHECK(deep.sizes.rank == 16);
  CHECK(values(deep) == std::vector<double>{4, 4});
  refused(file(dict("<f4", "False", ones + ", 1)"), four + four), "'shape' has more than 16 axes");

  for (const char* order : {"False", "True"}) {
    for (const char* sizes : {"(0,)", "(0, 3)", "(3, 0)", "(1152921504606846975, 0)"}) {
      const io::npy_array none = parse(file(dict("<f4", order, sizes), ""));
      CHECK(none.count() == 0);
      CHECK(none.data.size() == 0);
      CHECK(none.to<Eigen::MatrixXf>().size() == 0);
      CHECK(values(none).empty());
    }
  }
  CHECK(parse(file(dict("<f4", "False", "(0, 3)"), "")).to<Eigen::MatrixXf>().cols() == 3);
}

TEST_CASE("npy: visit gives what quantize takes") {
  auto scalar_size = [](const char* descr, std::size_t size) {
    const io::npy_array a = parse(file(dict(descr, "False", "(1,)"), std::string(size, '\0')));
    return a.visit([](const auto& x) {
      using scalar = std::remove_cvref_t<decltype(x.data[0])>;
      static_assert(real_scalar<scalar>);
      return sizeof(scalar);
    });
  };
  for (const char* descr : {"|b1", "|i1", "|u1"}) CHECK(scalar_size(descr, 1) == sizeof(float));
  for (const char* descr : {"<i2", "<u2"}) CHECK(scalar_size(descr, 2) == sizeof(float));
  for (const char* descr : {"<i4", "<u4"}) CHECK(scalar_size(descr, 4) == sizeof(double));
  for (const char* descr : {"<i8", "<u8", "<f8"}) CHECK(scalar_size(descr, 8) == sizeof(double));
  CHECK(scalar_size("<f2", 2) == sizeof(fp16));
  CHECK(scalar_size("<f4", 4) == sizeof(float));

  const io::npy_array a = parse(file(dict("|u1", "True", "(2, 2)"), bytes({0, 51, 102, 255})));
  const auto q = a.visit([](const auto& x) { return quantize<uint8>(x); });
  Eigen::MatrixXf m(2, 2);
  m << 0, 102, 51, 255;
  CHECK(a.to<Eigen::MatrixXf>() == m);
  CHECK(q == quantize<uint8>(m));
}

TEST_CASE("npy: the stored type is kept where it is asked for") {
  const io::npy_array a = parse(file(dict("<i2", "False", "(2,)"), bytes({1, 0, 0xfe, 0xff})));
  CHECK(a.as<std::int16_t>().data[1] == -2);
  CHECK(a.visit_stored([](const auto& x) { return sizeof(x.data[0]); }) == 2);
  CHECK_THROWS_AS(a.as<float>(), std::invalid_argument);
  CHECK_THROWS_WITH(a.as<std::uint16_t>(), says("an array of int16 is not one of uint16"));
  CHECK(parse(file(dict("|b1", "False", "(1,)"), bytes({7}))).as<std::uint8_t>().data[0] == 1);

  io::npy_array wrong = a;
  wrong.sizes = {3};
  CHECK_THROWS_WITH(wrong.as<std::int16_t>(), says("an array of 3 int16 with 4 bytes of data"));
  CHECK_THROWS_AS(io::npy_array{}.visit([](const auto&) {}), std::invalid_argument);
}

TEST_CASE("npy: to a type of the caller's") {
  const io::npy_array a = parse(saved);
  using row_major = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  CHECK(a.to<row_major>() == counted<row_major>(2, 3));
  CHECK(a.to<Eigen::Matrix<float, 2, 3>>() == counted<Eigen::Matrix<float, 2, 3>>(2, 3));
  CHECK(a.to<Eigen::ArrayXXf>().matrix() == counted<Eigen::MatrixXf>(2, 3));
  CHECK(static_cast<float>(a.to<Eigen::Matrix<fp16, 2, 3>>()(1, 2)) == 6);
  CHECK(static_cast<float>(a.to<Eigen::Matrix<bf16, 2, 3>>()(1, 0)) == 4);
  CHECK_THROWS_AS((a.to<Eigen::Matrix<float, 3, 3>>()), std::invalid_argument);
  CHECK_THROWS_AS(a.to<Eigen::VectorXf>(), std::invalid_argument);

  const io::npy_array line = parse(file(dict("<f4", "False", "(6,)"), one_to_six));
  CHECK(line.to<Eigen::VectorXf>() == counted<Eigen::MatrixXf>(6, 1));
  CHECK(line.to<Eigen::RowVectorXf>() == counted<Eigen::MatrixXf>(1, 6));
  CHECK(line.to<Eigen::MatrixXf>() == counted<Eigen::MatrixXf>(6, 1));
  const io::npy_array cube = parse(file(dict("<f4", "False", "(1, 2, 3)"), one_to_six));
  CHECK_THROWS_AS(cube.to<Eigen::MatrixXf>(), std::invalid_argument);
  CHECK((cube.to<Eigen::Tensor<double, 3>>()(0, 1, 0)) == 4);
}

TEST_CASE("npy: magic, version and lengths are checked") {
  refused("", "offset 0: the file ends inside the magic string");
  refused("\x93NUM", "offset 0: the file ends inside the magic string");
  refused("PK\x03\x04 an archive", "offset 0: not an .npy file");
  refused("\x93NUMPX" + bytes({1, 0, 0, 0}), "not an .npy file");
  refused("\x93NUMPY\x01", "offset 6: the file ends inside the version");
  refused("\x93NUMPY" + bytes({4, 0, 0, 0}), "offset 6: format version 4.0 is not");
  refused("\x93NUMPY" + bytes({0, 0, 0, 0}), "format version 0.0");
  refused("\x93NUMPY" + bytes({1, 1, 0, 0}), "format version 1.1");
  refused("\x93NUMPY" + bytes({1, 0, 9}), "offset 8: the file ends inside the header length");
  refused("\x93NUMPY" + bytes({2, 0, 9, 0, 0}), "offset 8: the file ends inside the header length");
  refused("\x93NUMPY" + bytes({1, 0, 9, 1, '{'}), "offset 8: the file ends inside the header: 1 of 265 bytes");
  refused("\x93NUMPY" + bytes({3, 0, 255, 255, 255, 255}), "0 of 4294967295 bytes");
}

TEST_CASE("npy: the header's form is checked") {
  refused("\x93NUMPY" + bytes({1, 0, 0, 0}), "offset 10: the header is not a dict");
  refused_header("['descr', '<f4']", "offset 10: the header is not a dict");
  refused_header("hello", "not a dict");
  refused_header("{", "expected a key in quotes");
  refused_header("{,}", "expected a key in quotes");
  refused_header("{descr: '<f4'}", "offset 11: expected a key in quotes");
  refused_header("{'descr': '<f4'", "expected '}'");
  refused_header("{'descr' '<f4'}", "offset 19: expected ':'");
  refused_header("{'descr': '<f4' 'shape': (6,)}", "offset 26: expected '}'");
  refused_header("{'descr", "offset 11: a string does not end");
  refused_header("{'des\ncr': 1}", "a string does not end");
  refused_header("{'des\\x63r': '<f4'}", "holds an escape");
  refused_header("{'descr\": '<f4'}", "expected ':'");
  refused_header(dict("<f4", "False", "(6,)") + "}", "text after the dict");
  refused_header(dict("<f4", "False", "(6,)") + "\n# ok", "text after the dict");
  refused_header("{'d\xc3\xa9scr': '<f4'}", "offset 13: byte 195 in the header is not ASCII");
  refused_header(dict("<f4", "False", "(6,)") + std::string(1, '\0'), "byte 0 in the header is not ASCII");
  refused_header("{}", "has no key 'descr'");
}

TEST_CASE("npy: missing, unknown and repeated keys") {
  refused_header("{'fortran_order': False, 'shape': (6,)}", "the header has no key 'descr'");
  refused_header("{'descr': '<f4', 'shape': (6,)}", "the header has no key 'fortran_order'");
  refused_header("{'descr': '<f4', 'fortran_order': False}", "the header has no key 'shape'");
  refused_header("{'descr': '<f4', 'descr': '<f4'}", "offset 27: the key 'descr' appears twice");
  refused_header("{'shape': (6,), 'shape': (6,)}", "the key 'shape' appears twice");
  refused_header("{'fortran_order': True, 'fortran_order': True}", "the key 'fortran_order' appears twice");
  refused_header("{'Shape': (6,)}", "offset 11: unknown key 'Shape'");
  refused_header("{'': 1}", "unknown key ''");
  refused_header("{'" + std::string(99, 'k') + "': 1}", "unknown key '" + std::string(40, 'k') + "'");
}

TEST_CASE("npy: types that are no numbers of 8 to 64 bits") {
  for (const char* descr : {"|O", "<U8", "|S1", "<c8", "<c16", "<f16", "<f1", "<i3", "<i16",
                            "<b2", "|V4", "<M8[ns]", "f4", "4", "", "<", "<f", "<f44", "?",
                            "!f4", " <f4", "<f4 ", "float32", "<f04", "<f-"}) {
    refused_header(dict(descr, "False", "(6,)"), std::string("offset 20: 'descr' is '") + descr + "'");
  }
  refused_header("{'descr': [('a', '<f4'), ('b', '<i4')]}", "offset 20: 'descr' is a structured type");
  for (const char* value : {"('<f4', (2,))", "None", "4", "<f4", "True", ""}) {
    refused_header(std::string("{'descr': ") + value + "}", "expected 'descr' in quotes");
  }
}

TEST_CASE("npy: fortran_order and shape of the wrong kind") {
  for (const char* value : {"true", "1", "'True'", "None", "T", "", "(True)"}) {
    refused_header(dict("<f4", value, "(6,)"), "offset 43: 'fortran_order' is neither True nor False");
  }
  refused_header(dict("<f4", "Falsey", "(6,)"), "expected '}'");
  for (const char* value : {"6", "[6]", "'6'", "None", "True", ""}) {
    refused_header(dict("<f4", "False", value), "offset 59: 'shape' is not a tuple");
  }
  refused_header(dict("<f4", "False", "(6)"), "'shape' is a number, a tuple of one is (6,)");
  for (const char* value : {"(,)", "(6,,)", "(six,)", "('6',)", "((6,),)", "(+6,)", "(", "(6,"}) {
    refused_header(dict("<f4", "False", value), "'shape' holds something that is not an integer");
  }
  for (const char* value : {"(6.0,)", "(6L,)", "(0x6,)", "(6 1)", "(6"}) {
    refused_header("{'shape': " + std::string(value), "expected ')'");
  }
  refused_header(dict("<f4", "False", "(-6,)"), "offset 60: 'shape' holds the negative size -6");
  refused_header(dict("<f4", "False", "(-2, -3)"), "negative size -2");
  refused_header(dict("<f4", "False", "(99999999999999999999,)"), "a size in 'shape' is too large");
  const std::string most = "9223372036854775807";
  refused_header(dict("<f4", "False", "(" + most + ",)"), "'shape' (" + most + ") is too large");
  refused_header(dict("|u1", "False", "(4294967296, 4294967296)"),
                 "'shape' (4294967296 x 4294967296) is too large");
  refused_header(dict("|u1", "True", "(0, 4294967296, 4294967296)"), "is too large");
}

TEST_CASE("npy: the data is what the shape says") {
  const std::string header = dict("<f4", "False", "(2, 3)");
  refused(file(header, one_to_six.substr(1)),
          "offset 70: float32 of shape 2 x 3 needs 24 bytes of data, the file holds 23");
  refused(file(header, one_to_six + "\n"), "needs 24 bytes of data, the file holds 25");
  refused(file(header, ""), "the file holds 0");
  refused(file(dict("<f4", "False", "(0,)"), "x"), "needs 0 bytes of data, the file holds 1");
  refused(file(dict("<f4", "False", "()"), ""), "shape scalar needs 4 bytes");
  refused(file(dict("<f8", "False", "(288230376151711743, 2)"), one_to_six), "needs 4611686018427387888 bytes");
}

TEST_CASE("npy: a file cut anywhere is refused") {
  for (const std::string& whole : {saved, file(dict("<f4", "True", "(2, 3)"), one_to_six, 2)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_THROWS_WITH(parse(whole.substr(0, size)), says("equant: w.npy, offset "));
    }
  }
}

TEST_CASE("npy: any byte of the header may be wrong") {
  for (const std::string& whole : {saved, file(dict("<f4", "True", "(2, 3)"), one_to_six, 3)}) {
    int refusals = 0;
    for (std::size_t at = 0; at < whole.size() - one_to_six.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string changed = whole;
        changed[at] = static_cast<char>(value);
        try {
          const io::npy_array a = parse(changed);
          CHECK(a.data.size() == one_to_six.size());
          CHECK(a.visit([](const auto& x) { return x.count(); }) == a.count());
        } catch (const std::runtime_error&) {
          ++refusals;
        }
      }
    }
    CHECK(refusals > 10000);
  }
}

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

TEST_CASE("npy: files that cannot be read") {
  const folder here;
  CHECK_THROWS_AS(io::load_npy(here / "none.npy"), std::runtime_error);
  CHECK_THROWS_WITH(io::load_npy(here / "none.npy"),
                    says("none.npy: cannot be read: ") && says("No such file"));
  CHECK_THROWS_WITH(io::load_npy(here / ""), says("cannot be read: ") && says("directory"));
  io::write_file(here / "broken.npy", "hello");
  CHECK_THROWS_WITH(io::load_npy(here / "broken.npy"),
                    says(here / "broken.npy") && says("offset 0: not an .npy"));
  io::write_file(here / "whole.npy", saved);
  CHECK(io::load_npy(here / "whole.npy") == parse(saved));

  fs::permissions(here / "whole.npy", fs::perms::none);
  if (!std::ifstream(here / "whole.npy")) {  // the superuser may read it
    CHECK_THROWS_WITH(io::load_npy(here / "whole.npy"), says("cannot be read: Permission denied"));
    CHECK_THROWS_WITH(io::write_file(here / "whole.npy", ""),
                      says("cannot be written: Permission denied"));
  }
}

TEST_CASE("file: what is written is there, and nothing else") {
  const folder here;
  std::string all;
  for (int i = 0; i < 200000; ++i) all += static_cast<char>(i * 7);
  io::write_file(here / "x", all);
  CHECK(io::read_file(here / "x") == all);
  io::write_file(here / "x", "");  // replaced
  CHECK(io::read_file(here / "x").empty());
  CHECK(here.names() == std::vector<std::string>{"x"});
  {
    io::file_writer abandoned(here / "x");
    abandoned.write("half");
    CHECK(here.names().size() == 2);
  }
  CHECK(io::read_file(here / "x").empty());
  CHECK(here.names() == std::vector<std::string>{"x"});
}

TEST_CASE("file: a writer takes no file that is there for its temporary") {
  const folder here;
  io::write_file(here / "x.part0", "somebody's");
  io::write_file(here / "x", "ours");
  CHECK(io::read_file(here / "x.part0") == "somebody's");
  CHECK(io::read_file(here / "x") == "ours");
  CHECK(here.names().size() == 2);
}

TEST_CASE("file: a failed write leaves what was there") {
  const folder here;
  CHECK_THROWS_WITH(io::save_npy(here / "no/x.npy", std::vector<float>(3)),
                    says("no/x.npy: cannot be written: ") && says("No such file"));
  fs::create_directory(here / "folder");
  CHECK_THROWS_WITH(io::save_npy(here / "folder", std::vector<float>(3)),
                    says("folder: cannot be written: ") && says("directory"));
  CHECK(here.names() == std::vector<std::string>{"folder"});
}

#if __has_include(<sys/resource.h>)
TEST_CASE("file: a disk that fills up") {
  const folder here;
  io::write_file(here / "x.npy", "before");
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const rlim_t whole = limit.rlim_cur;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  std::string message;
  for (const std::size_t size : {std::size_t{100}, std::size_t{1} << 20}) {  // fails at flush, and at write
    limit.rlim_cur = 64;
    setrlimit(RLIMIT_FSIZE, &limit);
    message.clear();
    try {
      io::save_npy(here / "x.npy", std::vector<float>(size));
    } catch (const std::runtime_error& e) {
      message = e.what();
    }
    limit.rlim_cur = whole;
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK_THAT(message, says("x.npy: cannot be written: File too large"));
    CHECK(here.names() == std::vector<std::string>{"x.npy"});
    CHECK(io::read_file(here / "x.npy") == "before");
  }
  std::signal(SIGXFSZ, handler);
}

TEST_CASE("file: devices are written in place, links and permissions stay") {
  io::write_file("/dev/null", "gone");
  CHECK(fs::is_character_file("/dev/null"));
  if (fs::exists("/dev/full")) {
    CHECK_THROWS_WITH(io::write_file("/dev/full", "x"), says("/dev/full: cannot be written: No space left"));
  }
  const folder here;
  io::write_file(here / "x", "before");
  fs::permissions(here / "x", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("x", here / "link");
  io::write_file(here / "link", "after");
  CHECK(fs::is_symlink(here / "link"));
  CHECK(io::read_file(here / "x") == "after");
  CHECK(fs::status(here / "x").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}
#endif

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
