// HTTP/1.1 messages out of bytes as they arrive (RFC 9112).
//
// Strict where laxness lets one request hide inside another: Content-Length beside
// Transfer-Encoding, two lengths, a coding other than `chunked`, bare line feeds and spaces before
// a colon are faults. Never allocates by a size that the peer names. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/http.h"

namespace clary::net {

struct ParserLimits {
  std::size_t head_bytes = 64 << 10;
  std::size_t fields = 256;
  std::uint64_t body_bytes = 8ULL << 40;  // S3's largest object has 5 TiB
};

// Why a message cannot be read, and the status to answer it with.
struct ParseFault {
  int status = 400;
  std::string sentence;
};

struct MessageHead {
  std::string method;  // of a request
  std::string target;  // of a request
  int status = 0;      // of a reply
  std::string reason;  // of a reply
  Headers headers;
};

// What a head says about its own message.
struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  bool until_close = false;       // a reply without a length
  bool expects_continue = false;  // `Expect: 100-continue`
  std::optional<std::uint64_t> content_length;
};

class MessageParser {
 public:
  enum class Kind { kRequest, kReply, kReplyToHead };

  explicit MessageParser(Kind kind, ParserLimits limits = {});
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;
  ~MessageParser();

  // Forgets everything: the next byte begins a new message.
  void restart(Kind kind);

  // Takes bytes of the head and returns how many it used up; the rest must be given again with more
  // behind it. Stops at the head's end.
  std::size_t put_head(std::string_view bytes);
  bool began() const;  // a byte of the head has been used up
  bool head_complete() const;
  const ParseFault* fault() const;  // nullptr: none so far

  // Precondition of the following: head_complete().
  MessageHead take_head();
  const Framing& framing() const;

  // Removes the chunked coding in place: the body's bytes move to the front of `bytes`.
  struct Decoded {
    std::size_t used = 0;    // of `bytes`; the rest must be given again with more behind it
    std::size_t length = 0;  // of the body, at the front of `bytes`
  };
  Decoded decode_chunks(std::span<char> bytes);
  bool chunks_complete() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clary::net
