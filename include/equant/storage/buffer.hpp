// SPDX-FileCopyrightText: the equant authors
// SPDX-License-Identifier: MIT
#pragma once

#include <equant/core/shape.hpp>

#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace equant::inline EQUANT_ABI {

/// Owned bytes on a cache line's boundary, not initialised: what is written once need not be cleared before.
class byte_buffer {
 public:
  static constexpr std::size_t alignment = 64;

  byte_buffer() = default;
  explicit byte_buffer(std::size_t size)
      : data_(size == 0 ? nullptr
                        : static_cast<std::uint8_t*>(::operator new(size, std::align_val_t{alignment}))),
        size_(size) {}

  byte_buffer(const byte_buffer& other) : byte_buffer(other.size_) {
    if (size_ > 0) std::memcpy(data_.get(), other.data_.get(), size_);
  }
  byte_buffer(byte_buffer&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  byte_buffer& operator=(byte_buffer other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::uint8_t* data() { return data_.get(); }
  const std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

  bool operator==(const byte_buffer& other) const {
    return size_ == other.size_ && (size_ == 0 || std::memcmp(data(), other.data(), size_) == 0);
  }

 private:
  struct release {
    void operator()(std::uint8_t* p) const { ::operator delete(p, std::align_val_t{alignment}); }
  };

  std::unique_ptr<std::uint8_t, release> data_;
  std::size_t size_ = 0;
};

}  // namespace equant::inline EQUANT_ABI
