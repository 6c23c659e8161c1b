// aws-chunked: the framing inside an S3 body whose length or checksum is not known at the start.
//
//   5;chunk-signature=...\r\nhello\r\n0;chunk-signature=...\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n
//
// A streaming filter: pieces go in as they arrive, payload comes out, nothing is kept but a line.
// Used by one thread at a time. Source: "Signature calculations for the Authorization header:
// transferring payload in multiple chunks", Amazon S3 API.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "net/http.h"
#include "wire/sigv4.h"

namespace clary::wire {

inline constexpr std::uint64_t kLargestChunk = 5ULL << 30;  // no S3 part is larger
inline constexpr std::size_t kLongestChunkLine = 8 << 10;

// What signed chunks are verified with: each signature covers the one before it, the first the
// request's own.
struct ChunkSignatures {
  std::string signing_key;  // 32 raw bytes
  SigningScope scope;
  std::string previous;  // hexadecimal
};

class AwsChunkedDecoder {
 public:
  using Output = std::function<Status(std::string_view)>;

  // signatures: nothing for STREAMING-UNSIGNED-PAYLOAD-TRAILER. decoded_length:
  // X-Amz-Decoded-Content-Length, checked.
  AwsChunkedDecoder(std::optional<ChunkSignatures> signatures,
                    std::optional<std::uint64_t> decoded_length);

  // Payload goes to `output` before its chunk's signature is known: the taker must not make it
  // visible before finish(). InvalidArgument: the framing is broken. Denied: a signature does not
  // match. Errors of `output` are passed on.
  Status feed(std::string_view bytes, const Output& output);
  // InvalidArgument: the body ended early, or its length is not the one announced.
  Status finish();
  const net::Headers& trailers() const { return trailers_; }  // lower-case names

 private:
  enum class State { kSize, kPayload, kPayloadEnd, kTrailer, kDone };

  Status take_line();
  Status take_size(std::string_view line);
  Status take_trailer(std::string_view line);
  Status end_chunk();
  Status verify(std::string_view kind, std::string_view text_hash);

  std::optional<ChunkSignatures> signatures_;
  std::optional<std::uint64_t> announced_;
  State state_ = State::kSize;
  std::string line_;
  std::uint64_t left_ = 0;  // bytes of the current chunk
  std::uint64_t taken_ = 0;
  std::string chunk_signature_;
  std::unique_ptr<Hasher> chunk_hash_;
  std::string trailer_text_;  // as the trailer's signature covers it
  net::Headers trailers_;
};

}  // namespace clary::wire
