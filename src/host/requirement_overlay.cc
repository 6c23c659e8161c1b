#include "host/requirement_overlay.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "base/strings.h"
#include "base/time_text.h"

namespace clary::host {
namespace {

constexpr Duration kLongestJob =
    std::chrono::days(29);       // AWS's MaxRuntimeInSeconds ends at 28 days
constexpr int kSchemeDepth = 5;  // prefix/local/lib/python3.11/dist-packages

void find_folders(const std::string& folder, int depth, RequirementOverlay& overlay) {
  if (depth > kSchemeDepth) return;
  for (const std::string& name : list_folder(folder).value_or({})) {
    const std::string path = path_join(folder, name);
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) continue;
    if (name == "site-packages" || name == "dist-packages") {
      overlay.site_folders.push_back(path);
    } else if (name == "bin") {
      overlay.program_folders.push_back(path);
    } else if (name == "local" || name.starts_with("lib") || name.starts_with("python")) {
      find_folders(path, depth + 1, overlay);
    }
  }
}

// Removes what was out of date long before any running job could have begun to use it.
void prune(const std::string& folder, TimePoint now) {
  for (const std::string& name : list_folder(folder).value_or({})) {
    if (name.find(".before-") == std::string::npos) continue;
    const std::string path = path_join(folder, name);
    const Result<TimePoint> made =
        parse_time(trim(read_file(path_join(path, "made"), 100).value_or("")));
    if (made.ok() && now - *made > kLongestJob) static_cast<void>(remove_tree(path));
  }
}

// "six-1.16.0.dist-info" → "six==1.16.0".
std::vector<std::string> installed_in(const std::vector<std::string>& site_folders) {
  std::vector<std::string> resolved;
  for (const std::string& folder : site_folders) {
    for (const std::string& name : list_folder(folder).value_or({})) {
      const std::size_t dash = name.find('-');
      if (!name.ends_with(".dist-info") || dash == std::string::npos) continue;
      resolved.push_back(name.substr(0, dash) +
                         "==" + name.substr(dash + 1, name.size() - dash - 11));
    }
  }
  std::sort(resolved.begin(), resolved.end());
  return resolved;
}

}  // namespace

RequirementOverlay read_overlay(const std::string& folder) {
  RequirementOverlay overlay{.folder = folder};
  find_folders(path_join(folder, "prefix"), 1, overlay);
  overlay.resolved = installed_in(overlay.site_folders);
  return overlay;
}

Result<Fd> RequirementCache::lock(const std::string& key) const {
  CLARY_RETURN_IF_ERROR(make_folders(folder_));
  CLARY_TRY(Fd file, open_file(path_join(folder_, key + ".lock"), O_RDWR | O_CREAT, 0600));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return unavailable("requirements: another job installs the same");
  return system_error("lock requirements");
}

Result<std::optional<RequirementOverlay>> RequirementCache::find(
    const std::string& key, std::optional<TimePoint> oldest) const {
  const std::string folder = path_join(folder_, key);
  const Result<std::string> made = read_file(path_join(folder, "made"), 100);
  if (!made.ok()) return std::optional<RequirementOverlay>();
  if (oldest) {
    const Result<TimePoint> time = parse_time(trim(*made));
    if (!time.ok() || *time < *oldest) return std::optional<RequirementOverlay>();
  }
  return std::optional(read_overlay(folder));
}

Result<std::string> RequirementCache::begin(const std::string& key) const {
  // The key's lock is held: an installation aside was left by a host program that was killed.
  const std::string lead = key + ".aside-";
  for (const std::string& name : list_folder(folder_).value_or({})) {
    if (name.starts_with(lead)) CLARY_RETURN_IF_ERROR(remove_tree(path_join(folder_, name)));
  }
  std::string aside = path_join(folder_, lead + "XXXXXX");
  if (::mkdtemp(aside.data()) == nullptr) return system_error("make folder '" + aside + "'");
  if (::chmod(aside.c_str(), 0755) != 0) return system_error("chmod '" + aside + "'");
  CLARY_RETURN_IF_ERROR(make_folders(path_join(aside, "prefix")));
  return aside;
}

Result<RequirementOverlay> RequirementCache::finish(const std::string& key,
                                                    const std::string& aside, TimePoint now) const {
  CLARY_RETURN_IF_ERROR(write_file_atomically(path_join(aside, "made"), iso8601(now) + "\n"));
  const std::string folder = path_join(folder_, key);
  // What is out of date may still be shown to running jobs, which keep it by its mount: renamed,
  // not removed.
  if (exists(folder)) {
    const std::string before =
        path_join(folder_, key + ".before-" + replace_all(iso8601(now), ":", ""));
    if (::rename(folder.c_str(), before.c_str()) != 0)
      return system_error("rename '" + folder + "'");
  }
  if (::rename(aside.c_str(), folder.c_str()) != 0) return system_error("rename '" + aside + "'");
  prune(folder_, now);
  return read_overlay(folder);
}

}  // namespace clary::host
