// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/contract.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

/// Whole files in and whole files out. Every failure is a `std::runtime_error` that names the file and the reason
/// the system gives.
namespace equant::inline EQUANT_ABI::io {

namespace files {

struct closer {
  void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};
using handle = std::unique_ptr<std::FILE, closer>;

inline handle open(const std::string& path, const char* mode) {
  return handle(std::fopen(path.c_str(), mode));
}

[[noreturn]] inline void fail(const std::string& path, const char* what, int reason) {
  contract::bad_data(path, ": ", what, ": ", std::generic_category().message(reason));
}

}  // namespace files

/// All bytes of a file. Reads until the end, so that pipes and files of unknown size are read too.
inline std::string read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) files::fail(path, "cannot be read", EISDIR);
  const files::handle file = files::open(path, "rb");
  if (!file) files::fail(path, "cannot be read", errno);
  std::string bytes;
  const auto size = std::filesystem::file_size(path, error);
  if (!error) bytes.reserve(static_cast<std::size_t>(size));
  char block[1 << 16];
  while (const std::size_t n = std::fread(block, 1, sizeof block, file.get())) {
    bytes.append(block, n);
  }
  if (std::ferror(file.get()) != 0) files::fail(path, "cannot be read", errno);
  return bytes;
}

/// The bytes in a regular file.
inline std::int64_t file_size(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status there = std::filesystem::status(path, error);
  if (!std::filesystem::exists(there)) files::fail(path, "cannot be read", ENOENT);
  if (!std::filesystem::is_regular_file(there)) files::fail(path, "is no regular file", EINVAL);
  const auto size = std::filesystem::file_size(path, error);
  if (error) files::fail(path, "cannot be read", error.value());
  return static_cast<std::int64_t>(size);
}

/// `length` bytes of a file from `offset` on; they must be there.
inline std::string read_part(const std::string& path, std::int64_t offset, std::int64_t length) {
  const files::handle file = files::open(path, "rb");
  if (!file || std::fseek(file.get(), static_cast<long>(offset), SEEK_SET) != 0) {
    files::fail(path, "cannot be read", errno);
  }
  std::string bytes(static_cast<std::size_t>(length), '\0');
  if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
    files::fail(path, "cannot be read", std::ferror(file.get()) != 0 ? errno : EIO);
  }
  return bytes;
}

/// Writes a file that appears whole or not at all: the bytes go to a temporary file in the same folder, which takes
/// the place of `path` on `commit` and is removed when anything failed or `commit` was never called.
///
/// A file that is replaced keeps its permissions, and a symbolic link to it stays one. What is no regular file
/// (a pipe, /dev/null) is written in place. The bytes are handed to the system, not forced onto the disk.
class file_writer {
 public:
  explicit file_writer(const std::string& path) : path_(path), target_(path) {
    std::error_code error;
    const std::filesystem::file_status there = std::filesystem::status(path, error);
    if (std::filesystem::is_directory(there)) fail(EISDIR);
    if (std::filesystem::is_regular_file(there)) {
      if (!files::open(path, "r+b")) fail(errno);  // write-protected: a rename would not care
      target_ = std::filesystem::canonical(path, error).string();
      if (error) fail(error.value());
      permissions_ = there.permissions();
    } else if (std::filesystem::exists(there)) {
      file_ = files::open(path, "wb");
      if (!file_) fail(errno);
      return;
    }
    for (int i = 0; !file_; ++i) {
      const std::string name = target_ + ".part" + std::to_string(i);
      file_ = files::open(name, "wbx");  // never one that is there already
      if (file_) {
        temporary_ = name;
      } else if (errno != EEXIST || i == 999) {
        fail(errno);
      }
    }
  }

  file_writer(const file_writer&) = delete;
  file_writer& operator=(const file_writer&) = delete;
  ~file_writer() { discard(); }

  void write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail(errno);
  }

  /// Ends the file and puts it in its place.
  void commit() {
    if (std::fflush(file_.get()) != 0) fail(errno);
    if (std::fclose(file_.release()) != 0) fail(errno);
    if (temporary_.empty()) return;
    std::error_code error;
    if (permissions_ != std::filesystem::perms::unknown) {
      std::filesystem::permissions(temporary_, permissions_, error);
    }
    if (!error) std::filesystem::rename(temporary_, target_, error);
    if (error) fail(error.value());
    temporary_.clear();
  }

 private:
  void discard() noexcept {
    file_.reset();
    if (!temporary_.empty()) static_cast<void>(std::remove(temporary_.c_str()));
    temporary_.clear();
  }

  [[noreturn]] void fail(int reason) {
    discard();
    files::fail(path_, "cannot be written", reason);
  }

  std::string path_;       // as the caller names it
  std::string target_;     // the same, through symbolic links
  std::string temporary_;  // empty where `path` is written in place
  std::filesystem::perms permissions_ = std::filesystem::perms::unknown;
  files::handle file_;
};

/// Writes `bytes` as the file `path`, whole or not at all.
inline void write_file(const std::string& path, std::string_view bytes) {
  file_writer out(path);
  out.write(bytes);
  out.commit();
}

}  // namespace equant::inline EQUANT_ABI::io
