#include "wire/aws_chunked.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::wire {
namespace {

constexpr std::string_view kChunkSignature = "chunk-signature=";
constexpr std::string_view kSignatureField = "x-amz-trailer-signature";

Error broken(std::string_view what) {
  return invalid_argument("the aws-chunked body is broken: " + std::string(what));
}

}  // namespace

AwsChunkedDecoder::AwsChunkedDecoder(std::optional<ChunkSignatures> signatures,
                                     std::optional<std::uint64_t> decoded_length)
    : signatures_(std::move(signatures)), announced_(decoded_length) {}

Status AwsChunkedDecoder::feed(std::string_view bytes, const Output& output) {
  while (!bytes.empty()) {
    if (state_ == State::kDone) return broken("bytes after its end");
    if (state_ == State::kPayload) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      const std::string_view piece = bytes.substr(0, size);
      if (chunk_hash_) chunk_hash_->update(piece);
      CLARY_RETURN_IF_ERROR(output(piece));
      bytes.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) state_ = State::kPayloadEnd;
      continue;
    }
    const std::size_t newline = bytes.find('\n');
    line_.append(bytes.substr(0, newline));
    if (line_.size() > kLongestChunkLine) return broken("a line is too long");
    if (newline == std::string_view::npos) return {};
    bytes.remove_prefix(newline + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    CLARY_RETURN_IF_ERROR(take_line());
    line_.clear();
  }
  return {};
}

Status AwsChunkedDecoder::take_line() {
  switch (state_) {
    case State::kSize:
      return take_size(line_);
    case State::kPayloadEnd:
      if (!line_.empty()) return broken("a chunk is longer than its size");
      state_ = State::kSize;
      return end_chunk();
    case State::kTrailer:
      return take_trailer(line_);
    case State::kPayload:
    case State::kDone:
      break;
  }
  return broken("bytes after its end");
}

Status AwsChunkedDecoder::take_size(std::string_view line) {
  const std::size_t semicolon = line.find(';');
  const std::string_view digits = line.substr(0, semicolon);
  const auto [stop, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (failure != std::errc{} || digits.empty() || stop != digits.data() + digits.size())
    return broken("a chunk has no size");
  if (left_ > kLargestChunk) return broken("a chunk is larger than any part");
  taken_ += left_;
  if (announced_ && taken_ > *announced_)
    return broken("it is longer than X-Amz-Decoded-Content-Length says");
  chunk_signature_.clear();
  if (signatures_) {
    const std::string_view extension =
        semicolon == std::string_view::npos ? std::string_view() : line.substr(semicolon + 1);
    if (!extension.starts_with(kChunkSignature)) return denied("a chunk is not signed");
    chunk_signature_ = std::string(extension.substr(kChunkSignature.size()));
    chunk_hash_ = make_hasher(DigestKind::kSha256);
  }
  if (left_ > 0) {
    state_ = State::kPayload;
    return {};
  }
  state_ = State::kTrailer;
  return end_chunk();
}

Status AwsChunkedDecoder::end_chunk() {
  if (!signatures_) return {};
  const std::string text = hex_encode(sha256("")) + '\n' + hex_encode(chunk_hash_->finish());
  chunk_hash_.reset();
  return verify("AWS4-HMAC-SHA256-PAYLOAD", text);
}

Status AwsChunkedDecoder::take_trailer(std::string_view line) {
  if (line.empty()) {
    state_ = State::kDone;
    return {};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return broken("a trailer has no name");
  const std::string name = to_lower(trim(line.substr(0, colon)));
  const std::string value(trim(line.substr(colon + 1)));
  if (trailers_.fields().size() > 32) return broken("it has too many trailers");
  if (signatures_ && name == kSignatureField) {
    chunk_signature_ = value;
    return verify("AWS4-HMAC-SHA256-TRAILER", hex_encode(sha256(trailer_text_)));
  }
  trailer_text_ += name + ':' + value + '\n';
  trailers_.add(name, value);
  return {};
}

Status AwsChunkedDecoder::verify(std::string_view kind, std::string_view text_hash) {
  std::string text(kind);
  text += '\n' + signatures_->scope.timestamp + '\n' + signatures_->scope.to_string() + '\n' +
          signatures_->previous + '\n';
  text += text_hash;
  const std::string expected = hex_encode(hmac_sha256(signatures_->signing_key, text));
  if (!constant_time_equal(expected, chunk_signature_))
    return denied("a chunk's signature does not match");
  signatures_->previous = expected;
  trailer_text_ = kind.ends_with("TRAILER") ? "" : trailer_text_;
  return {};
}

Status AwsChunkedDecoder::finish() {
  if (state_ == State::kTrailer && line_.empty() && trailers_.fields().empty())
    state_ = State::kDone;
  if (state_ != State::kDone) return broken("it ends too early");
  if (signatures_ && !trailer_text_.empty()) return denied("the trailer is not signed");
  if (announced_ && taken_ != *announced_)
    return broken("it is shorter than X-Amz-Decoded-Content-Length says");
  return {};
}

}  // namespace clary::wire
