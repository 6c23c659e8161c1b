#include "runtime/channel_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/strings.h"

namespace clary::runtime {

Result<std::string> channel_folder(const std::map<std::string, std::string>& filesystems,
                                   const domain::Channel& channel) {
  const domain::FileSystemSource& source = channel.file_system;
  const auto refused = [&](const std::string& reason) {
    return invalid_argument(
        fmt::format("ClientError: Unable to mount file system '{}' for channel "
                    "'{}': {}",
                    source.id, channel.name, reason));
  };
  const auto named = filesystems.find(source.id);
  if (named == filesystems.end()) {
    std::vector<std::string> names;
    for (const auto& [id, folder] : filesystems) names.push_back(id);
    const auto near = nearest(source.id, names);
    return refused("[filesystems] in clary.toml does not name it" +
                   (near            ? fmt::format("; did you mean '{}'?", *near)
                    : names.empty() ? "; it names none"
                                    : "; it names " + join(names, ", ")));
  }
  const auto root = real_path(named->second);
  if (!root.ok()) return refused(fmt::format("its folder '{}' is not there", named->second));
  const std::string_view below =
      std::string_view(source.directory)
          .substr(std::min(source.directory.find_first_not_of('/'), source.directory.size()));
  const auto folder = real_path(path_join(*root, below.empty() ? "." : below));
  if (!folder.ok() || !list_folder(*folder).ok())
    return refused(fmt::format("its folder '{}' has no directory '{}'", *root, source.directory));
  if (*folder != *root && *root != "/" && !folder->starts_with(*root + "/"))
    return refused(fmt::format("the directory '{}' leads out of it", source.directory));
  return *folder;
}

}  // namespace clary::runtime
