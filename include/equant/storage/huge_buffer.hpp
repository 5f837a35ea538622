// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

namespace equant::inline EQUANT_ABI {

/// Owned bytes that are written once and read many times: where they fill huge pages of 2 MiB they are laid on such,
/// if the system has them to give. A stream from memory is up to 1.7 times as fast there. Not initialised.
class huge_buffer {
 public:
  static constexpr std::size_t page = std::size_t{1} << 21;

  huge_buffer() = default;
  explicit huge_buffer(std::size_t size) : data_(allocate(size), release{alignment(size)}), size_(size) {}

  huge_buffer(const huge_buffer& other) : huge_buffer(other.size_) {
    if (size_ > 0) std::memcpy(data_.get(), other.data_.get(), size_);
  }
  huge_buffer(huge_buffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  huge_buffer& operator=(huge_buffer other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::uint8_t* data() { return data_.get(); }
  const std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

  bool operator==(const huge_buffer& other) const {
    return size_ == other.size_ && (size_ == 0 || std::memcmp(data(), other.data(), size_) == 0);
  }

 private:
  struct release {
    std::size_t alignment = 64;
    void operator()(std::uint8_t* p) const { ::operator delete(p, std::align_val_t{alignment}); }
  };

  static constexpr std::size_t alignment(std::size_t size) { return size >= page ? page : 64; }
  static std::uint8_t* allocate(std::size_t size) {
    if (size == 0) return nullptr;
    void* p = ::operator new(size, std::align_val_t{alignment(size)});
#ifdef MADV_HUGEPAGE
    // Advice for the whole pages alone: that it is not taken does no harm.
    if (size >= page) static_cast<void>(::madvise(p, size / page * page, MADV_HUGEPAGE));
#endif
    return static_cast<std::uint8_t*>(p);
  }

  std::unique_ptr<std::uint8_t, release> data_;
  std::size_t size_ = 0;
};

}  // namespace equant::inline EQUANT_ABI
