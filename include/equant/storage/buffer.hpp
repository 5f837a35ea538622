// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <cstring>
#include <new>
#include <utility>

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

namespace equant::inline EQUANT_ABI {

/// Owned bytes, not initialised: what is written once need not be cleared before. They begin on a cache line's
/// boundary; from 4 MiB on on a huge page's, which the system is asked for where it has them: a stream through memory
/// then misses the address translation once in 2 MiB instead of once in 4 KiB.
class byte_buffer {
 public:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t huge_page = std::size_t{2} << 20;

  byte_buffer() = default;
  explicit byte_buffer(std::size_t size) : data_(allocated(size)), size_(size) {}
  ~byte_buffer() {
    if (size_ > 0) ::operator delete(data_, aligned(size_));
  }

  byte_buffer(const byte_buffer& other) : byte_buffer(other.size_) {
    if (size_ > 0) std::memcpy(data_, other.data_, size_);
  }
  byte_buffer(byte_buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  byte_buffer& operator=(byte_buffer other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::uint8_t* data() { return data_; }
  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }

  bool operator==(const byte_buffer& other) const {
    return size_ == other.size_ && (size_ == 0 || std::memcmp(data(), other.data(), size_) == 0);
  }

 private:
  static std::align_val_t aligned(std::size_t size) {
    return std::align_val_t{size < 2 * huge_page ? alignment : huge_page};
  }

  static std::uint8_t* allocated(std::size_t size) {
    if (size == 0) return nullptr;
    void* p = ::operator new(size, aligned(size));
#ifdef MADV_HUGEPAGE
    if (size >= 2 * huge_page) madvise(p, size, MADV_HUGEPAGE);  // a wish: whether it was heard makes no difference
#endif
    return static_cast<std::uint8_t*>(p);
  }

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace equant::inline EQUANT_ABI
