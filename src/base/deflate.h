// Packed bytes: deflate (RFC 1951) in the wrapping of gzip (RFC 1952) or of zlib (RFC 1950).
//
// ISA-L packs and unpacks. One thread at a time; an object holds some 0.6 MiB to pack and 0.1 MiB
// to unpack, however long the bytes are.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace clary {

enum class Wrapping { kGzip, kZlib };

// Packs fast, to about the size of zlib's level 1. The same calls give the same bytes on processors
// of the same kind.
class Deflater {
 public:
  // Takes what is packed: pieces of kPieceBytes, and a shorter one at the end.
  using Sink = std::function<Status(std::string_view packed)>;
  static constexpr std::size_t kPieceBytes = 256 << 10;

  Deflater(Wrapping wrapping, Sink sink);
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater();

  // The sink's error; nothing is written after one.
  Status write(std::string_view bytes);
  // With the last bytes, once.
  Status finish(std::string_view last = {});

 private:
  struct Stream;
  Status pack(std::string_view bytes, bool last);
  Status give();

  const Sink sink_;
  const std::unique_ptr<Stream> stream_;
};

// Unpacks one member: a header, deflate, a trailer whose checksum and length are verified.
class Inflater {
 public:
  enum class State { kGoesOn, kEnded, kBroken };
  struct Step {
    State state = State::kGoesOn;
    std::size_t taken = 0;  // of the packed bytes
    std::size_t made = 0;   // of the unpacked ones
  };

  explicit Inflater(Wrapping wrapping);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  // Takes from the front of `packed` and fills the front of `into`. kGoesOn with nothing made and
  // all taken: more is needed. kEnded: the member is whole; what comes after a gzip was not taken.
  Step step(std::string_view packed, std::span<char> into);
  // After kBroken: what is wrong, in a few words.
  std::string_view fault() const { return fault_; }
  // Whether the header is still awaited.
  bool in_header() const { return in_header_; }
  // Another member begins.
  void reset();

 private:
  struct Stream;
  int read_header();

  const Wrapping wrapping_;
  const std::unique_ptr<Stream> stream_;
  bool in_header_ = true;
  std::string_view fault_;
};

}  // namespace clary
