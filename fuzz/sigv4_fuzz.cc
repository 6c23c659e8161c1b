// A request's signature, in headers or in the query, and the aws-chunked body after it.
// Input: method, target, then header lines "name: value", an empty line, the body. Nothing may be
// verified but by the secret.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text_encoding.h"
#include "wire/aws_chunked.h"
#include "wire/sigv4_verify.h"

namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  clary::net::RequestHead head;
  head.method = take_line(text);
  head.target = take_line(text);
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    head.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
  }
  const auto read = clary::wire::read_authentication(head);
  const clary::wire::Authentication* claims = clary::wire::authentication_of(read);
  if (claims == nullptr) return 0;
  // A secret that no input holds: whatever is verified was not signed with it.
  const clary::Secret secret("only the fuzz target knows this one: 7b1f0c");
  clary::wire::SigningKeys keys;
  if (!clary::wire::verify_signature(*claims, head, secret, clary::wire::payload_hash(text),
                                     claims->time, keys))
    std::abort();

  std::size_t payload = 0;
  const auto count = [&payload](std::string_view piece) -> clary::Status {
    payload += piece.size();
    return {};
  };
  clary::wire::AwsChunkedDecoder decoder(std::nullopt, std::nullopt);
  if (decoder.feed(text, count).ok() && decoder.finish().ok() && payload > text.size())
    std::abort();
  return 0;
}
