// aws-chunked bodies: the same payload, trailers and verdict however the bytes arrive; nothing
// signed passes without its key.
//
// The first byte of the input is the size of the pieces, the second says whether signatures are
// asked for.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/aws_chunked.h"

namespace {

using clary::Status;
using clary::wire::AwsChunkedDecoder;

// Payload and trailers, or nothing for a body that is refused.
std::optional<std::string> decode(std::string_view bytes, std::size_t step, bool is_signed) {
  std::optional<clary::wire::ChunkSignatures> signatures;
  if (is_signed) {
    signatures.emplace();
    signatures->signing_key = "only the fuzz target knows this.";
    signatures->previous = std::string(64, '0');
  }
  AwsChunkedDecoder decoder(std::move(signatures), std::nullopt);
  std::string payload;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, step);
    const Status fed = decoder.feed(piece, [&payload](std::string_view part) -> Status {
      payload += part;
      return {};
    });
    if (!fed.ok()) return std::nullopt;
    bytes.remove_prefix(piece.size());
  }
  if (!decoder.finish().ok()) return std::nullopt;
  for (const auto& [name, value] : decoder.trailers().fields())
    payload += name + ':' + value + '\n';
  return payload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool is_signed = data[1] % 2 == 1;
  const auto whole = decode(bytes, bytes.size() + 1, is_signed);
  CLARY_CHECK(whole == decode(bytes, data[0] + 1U, is_signed));
  CLARY_CHECK(!whole || !is_signed);
  CLARY_CHECK(!whole || whole->size() <= bytes.size());
  return 0;
}
