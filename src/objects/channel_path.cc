#include "objects/channel_path.h"

#include "base/strings.h"

namespace clary::objects {

Result<std::string> channel_path(std::string_view prefix, std::string_view key) {
  std::string_view path = key;
  if (!prefix.empty() && !prefix.ends_with('/') && key.starts_with(prefix) &&
      key.substr(prefix.size()).starts_with('/')) {
    path.remove_prefix(prefix.size() + 1);
  } else if (const std::size_t slash = prefix.rfind('/'); slash != std::string_view::npos) {
    path.remove_prefix(slash + 1);
  }
  if (path.empty() || path.ends_with('/')) return std::string();
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) {
      return invalid_argument("object '" + std::string(key) +
                              "': its key has an empty, '.' or '..' part and cannot be a file");
    }
  }
  return std::string(path);
}

std::string no_objects_sentence(const EmptyChannel& channel) {
  const std::string role = channel.role.empty() ? "the role" : "the role \"" + channel.role + "\"";
  return "No S3 objects found under S3 URL \"" + channel.uri +
         "\" given in input data source. Please ensure that the bucket exists in the selected "
         "region (" +
         channel.region + "), that objects exist under that S3 prefix, and that " + role +
         " has \"s3:ListBucket\" permissions on bucket \"" + channel.bucket + "\".";
}

}  // namespace clary::objects
