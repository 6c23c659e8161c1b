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

}  // namespace clary::objects
