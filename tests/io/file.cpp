// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#include "core/says.hpp"
#include "io/folder.hpp"

#include <equant/io/file.hpp>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#include <csignal>
#endif

using namespace equant;
namespace fs = std::filesystem;

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
  CHECK_THROWS_WITH(io::write_file(here / "no/x.npy", "abc"),
                    says("no/x.npy: cannot be written: ") && says("No such file"));
  fs::create_directory(here / "folder");
  CHECK_THROWS_WITH(io::write_file(here / "folder", "abc"),
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
      io::write_file(here / "x.npy", std::string(size, 'x'));
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
