#include "services/s3_tag_rules.h"

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::services {
namespace {

constexpr std::size_t kLongestKey = 128;    // characters
constexpr std::size_t kLongestValue = 256;  // characters

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

}  // namespace

std::optional<ServiceError> check_tag(const std::string& key, const std::string& value) {
  if (key.empty() || characters(key) > kLongestKey || !is_valid_utf8(key))
    return ServiceError("InvalidTag", "The TagKey you have provided is invalid");
  if (characters(value) > kLongestValue || !is_valid_utf8(value))
    return ServiceError("InvalidTag", "The TagValue you have provided is invalid");
  if (to_lower(key).starts_with("aws:"))
    return ServiceError("InvalidTag", "System tags cannot be added/updated by requester");
  return std::nullopt;
}

}  // namespace clary::services
