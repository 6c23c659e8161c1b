#include "net/input_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace clary::net {

namespace {
constexpr std::size_t kSmallestBytes = 8 << 10;
constexpr std::size_t kLargestBytes = 512 << 10;
}  // namespace

std::span<char> InputBuffer::space() {
  if (capacity_ == 0) {
    move_to(kSmallestBytes);
  } else if (filled_ && capacity_ < kLargestBytes) {
    move_to(std::min(capacity_ * 4, kLargestBytes));
  } else if (begin_ > 0) {
    move_to(capacity_);
  }
  filled_ = false;
  return {storage_.get() + end_, capacity_ - end_};
}

void InputBuffer::commit(std::size_t count) {
  CLARY_CHECK(count <= capacity_ - end_);
  end_ += count;
  filled_ = end_ == capacity_;
}

void InputBuffer::consume(std::size_t count) {
  CLARY_CHECK(count <= end_ - begin_);
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void InputBuffer::shrink() {
  if (!empty() || capacity_ <= kSmallestBytes) return;
  storage_.reset();
  capacity_ = 0;
  filled_ = false;
}

void InputBuffer::move_to(std::size_t capacity) {
  const std::size_t size = end_ - begin_;
  if (capacity == capacity_) {
    std::memmove(storage_.get(), storage_.get() + begin_, size);
  } else {
    auto grown = std::make_unique_for_overwrite<char[]>(capacity);
    if (size > 0) std::memcpy(grown.get(), storage_.get() + begin_, size);
    storage_ = std::move(grown);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = size;
}

}  // namespace clary::net
