// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "io/npy_files.hpp"

#include <equant/core/tensor.hpp>

#include <algorithm>
#include <fstream>

// Reading: what is an array, and what is refused. Writing is tested in npy_save.cpp.

namespace fs = std::filesystem;
using namespace npy_files;

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
    for (const char* sizes : {"(0,)", "(0, 3)", "(3, 0)", "(576460752303423487, 0)"}) {
      const io::npy_array none = parse(file(dict("<f4", order, sizes), ""));
      CHECK(none.count() == 0);
      CHECK(none.data.size() == 0);
      CHECK(none.to<Eigen::MatrixXf>().size() == 0);
      CHECK(values(none).empty());
    }
  }
  CHECK(parse(file(dict("<f4", "False", "(0, 3)"), "")).to<Eigen::MatrixXf>().cols() == 3);
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
  refused_header("{'descr\": '<f4'}", "unknown key 'descr\": '");
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
    refused_header(dict("<f4", value, "(6,)"), "offset 44: 'fortran_order' is neither True nor False");
  }
  refused_header(dict("<f4", "Falsey", "(6,)"), "expected '}'");
  for (const char* value : {"6", "[6]", "'6'", "None", "True", ""}) {
    refused_header(dict("<f4", "False", value), "offset 60: 'shape' is not a tuple");
  }
  refused_header(dict("<f4", "False", "(6)"), "'shape' is a number, a tuple of one is (6,)");
  for (const char* value : {"(,)", "(6,,)", "(six,)", "('6',)", "((6,),)", "(+6,)", "(", "(6,"}) {
    refused_header(dict("<f4", "False", value), "'shape' holds something that is not an integer");
  }
  for (const char* value : {"(6.0,)", "(6L,)", "(0x6,)", "(6 1)", "(6"}) {
    refused_header("{'shape': " + std::string(value), "expected ')'");
  }
  refused_header(dict("<f4", "False", "(-6,)"), "offset 61: 'shape' holds the negative size -6");
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
