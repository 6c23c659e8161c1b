// Bytes as text: hexadecimal, base64 (RFC 4648), percent-encoding (RFC 3986), UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace clary {

std::string hex_encode(std::string_view bytes);  // lower case
Result<std::string> hex_decode(std::string_view text);

std::string base64_encode(std::string_view bytes);  // with padding
Result<std::string> base64_decode(std::string_view text);

// Keeps A-Z a-z 0-9 - . _ ~ (and '/' when asked to); everything else becomes %XX, upper case: the
// form SigV4 and S3 want.
enum class Slash { kEncode, kKeep };
std::string percent_encode(std::string_view bytes, Slash slash = Slash::kEncode);
// InvalidArgument when a % is not followed by two hexadecimal digits. '+' stays '+'.
Result<std::string> percent_decode(std::string_view text);

// application/x-www-form-urlencoded: '+' is a space.
Result<std::string> form_decode(std::string_view text);

bool is_valid_utf8(std::string_view bytes);
// Every byte that is not part of valid UTF-8 becomes U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace clary
