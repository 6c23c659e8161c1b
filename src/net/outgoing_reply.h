// A reply on its way out: its head, and its body piece by piece, ready to be given to a socket.
//
// Two threads share it, each its own half: the pool loads the next piece while the loop sends the
// current one; promote() hands over, when neither is at work.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace clary::net {

// What the request and the connection allow the reply to be.
struct ReplyShape {
  bool is_head = false;  // the request was HEAD: no body
  bool http11 = true;
  bool close = false;  // the connection ends after it
};

class OutgoingReply {
 public:
  // date: of the Date field.
  OutgoingReply(Reply reply, ReplyShape shape, std::string_view date);

  // The sending half.
  using Parts = std::array<std::string_view, 3>;
  Parts unsent() const;  // all empty: what is loaded has been sent
  bool has_unsent() const { return unsent_ > 0; }
  void sent(std::size_t count);  // of unsent(), from its start
  bool must_close() const { return close_; }

  // The loading half: may block on a disk. load() is called while more() is true.
  bool more() const { return source_ != nullptr; }
  // Reads the next piece. Internal when the source ends before the length it announced; its own
  // error otherwise.
  Status load();
  bool loaded() const { return next_.size > 0; }
  // Before anything is sent: loads the first piece, to leave together with the head.
  Status load_first();

  // Makes the loaded piece the current one. Precondition: loaded() and nothing unsent.
  void promote();

 private:
  struct Piece {
    std::unique_ptr<char[]> storage;
    std::size_t capacity = 0;
    std::size_t begin = 0;
    std::size_t size = 0;
    std::string_view view() const { return {storage.get() + begin, size}; }
  };

  void append_head(const Reply& reply, ReplyShape shape, std::string_view date);
  void frame_chunk(std::size_t length);

  std::string head_;
  std::string body_;
  Piece current_;
  std::size_t sent_ = 0;    // of head, body and current piece together
  std::size_t unsent_ = 0;  // likewise
  bool close_ = false;
  bool chunked_ = false;

  std::unique_ptr<ByteSource> source_;
  std::optional<std::uint64_t> left_;  // of the source
  Piece next_;
};

}  // namespace clary::net
