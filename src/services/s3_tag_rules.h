// What a set of tags may hold. Pure functions. Source: Amazon S3 User Guide, "Tagging".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "services/service_error.h"

namespace clary::services {

inline constexpr std::size_t kMostBucketTags = 50;

// InvalidTag for what S3 refuses: a key twice, a length out of bounds, a key that begins with
// "aws:", more tags than `most`. Tag: a generated type with `key` and `value`.
std::optional<ServiceError> check_tag(const std::string& key, const std::string& value);

template <typename Tag>
std::optional<ServiceError> check_tags(const std::vector<Tag>& tags, std::size_t most) {
  if (tags.size() > most)
    return ServiceError("BadRequest", "Tag count cannot be greater than " + std::to_string(most));
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (auto wrong = check_tag(tags[i].key, tags[i].value)) return wrong;
    for (std::size_t j = 0; j < i; ++j) {
      if (tags[j].key == tags[i].key)
        return ServiceError("InvalidTag", "Cannot provide multiple Tags with the same key");
    }
  }
  return std::nullopt;
}

}  // namespace clary::services
