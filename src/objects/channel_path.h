// Where a channel shows an object: a pure function of the channel's prefix and the object's key.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::objects {

// The path inside the channel's folder: the prefix's folder part is taken off; a prefix that is one
// object's whole key leaves its last part. "" for a key that stands for a folder (it ends in '/').
// InvalidArgument for a key that would leave the channel. Source: contract.md 4.6.
Result<std::string> channel_path(std::string_view prefix, std::string_view key);

// AWS's sentence for a channel that has nothing to show, be it that its bucket is absent or that
// its prefix holds no object. role: its ARN; "" where it is not known.
struct EmptyChannel {
  std::string uri;
  std::string bucket;
  std::string region;
  std::string role;
};
std::string no_objects_sentence(const EmptyChannel& channel);

}  // namespace clary::objects
