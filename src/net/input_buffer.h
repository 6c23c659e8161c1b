// Bytes that have arrived and are not yet used. Grows with what the peer sends, so that a slow peer
// costs little.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace clary::net {

class InputBuffer {
 public:
  // Room for the next bytes: at least one byte unless the buffer is full at its largest size.
  std::span<char> space();
  void commit(std::size_t count);  // `count` bytes of space() are now filled
  std::span<char> bytes() { return {storage_.get() + begin_, end_ - begin_}; }
  std::string_view view() const { return {storage_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t count);
  bool empty() const { return begin_ == end_; }
  // Gives large storage back; only when empty.
  void shrink();

 private:
  void move_to(std::size_t capacity);

  std::unique_ptr<char[]> storage_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool filled_ = false;  // the last read used all the space there was
};

}  // namespace clary::net
