#include "host/kept_artifacts.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "base/files.h"
#include "base/strings.h"
#include "host/disk_watch.h"
#include "host/job_tree.h"

namespace clary::host {
namespace {

struct Kept {
  std::string path;
  TimePoint since;
  std::uint64_t bytes = 0;
};

// The oldest first.
Result<std::vector<Kept>> kept_below(const std::string& folder) {
  CLARY_TRY(const std::vector<std::string> names, list_folder(folder));
  std::vector<Kept> all;
  for (const std::string& name : names) {
    const std::string path = path_join(folder, name);
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) continue;  // removed meanwhile
    all.push_back({.path = path,
                   .since = TimePoint(std::chrono::seconds(found.st_mtim.tv_sec)),
                   .bytes = disk_bytes(path)});
  }
  std::ranges::sort(all, {}, &Kept::since);
  return all;
}

}  // namespace

Result<bool> keep_artifacts(const std::string& root, std::vector<std::string> folders,
                            const std::string& to, const KeptLimits& limits) {
  // The outer one before those in it: its place is free.
  std::ranges::sort(folders);
  std::uint64_t bytes = 0;
  bool any = false;
  for (const std::string& folder : folders) {
    if (!holds_anything(root, folder)) continue;
    any = true;
    bytes += disk_bytes(path_join(root, folder));
  }
  if (!any) return false;
  if (bytes > limits.bytes) {
    return limit_exceeded("it takes " + format_bytes(bytes) + ", jobs.kept_gib allows " +
                          format_bytes(limits.bytes));
  }
  CLARY_RETURN_IF_ERROR(make_folders(to, 0700));
  for (const std::string& folder : folders) {
    // A folder inside one that was moved has gone with it.
    if (!holds_anything(root, folder)) continue;
    const std::string from = path_join(root, folder);
    const std::string place = path_join(to, folder);
    CLARY_RETURN_IF_ERROR(make_folders(folder_of(place), 0700));
    if (::rename(from.c_str(), place.c_str()) != 0)
      return system_error("move '" + from + "' to '" + place + "'");
  }
  CLARY_RETURN_IF_ERROR(sync_folder(to));
  return true;
}

Status trim_kept(const std::string& kept, const KeptLimits& limits, TimePoint now) {
  if (!exists(kept)) return {};
  CLARY_TRY(const std::vector<Kept> all, kept_below(kept));
  std::uint64_t bytes = 0;
  for (const Kept& one : all) bytes += one.bytes;
  for (const Kept& one : all) {
    if (one.since + limits.time >= now && bytes <= limits.bytes) continue;
    CLARY_RETURN_IF_ERROR(remove_tree(one.path));
    bytes -= one.bytes;
  }
  return {};
}

}  // namespace clary::host
