// ReplyReader: finds the end of an HTTP/1.1 reply in what arrives, by its Content-Length or its
// chunks. It keeps nothing of the body. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace clary::bench {

class ReplyReader {
 public:
  // Forgets the last reply.
  void begin();
  // Takes what has arrived; true once the reply is whole. Nothing may follow it: requests are not
  // sent ahead.
  bool take(std::string_view piece);
  // 0 until the head has come.
  int status() const { return status_; }

 private:
  enum class Part { kHead, kBody, kChunkLine, kChunk, kChunkEnd, kTrailer, kDone };

  void take_head(std::string_view& piece);
  void take_line(std::string_view& piece);
  void end_line();
  void skip_bytes(std::string_view& piece);

  Part part_ = Part::kHead;
  std::string text_;        // of the head, or of the line that is being read
  std::uint64_t left_ = 0;  // bytes of the body or of the chunk
  int status_ = 0;
};

}  // namespace clary::bench
