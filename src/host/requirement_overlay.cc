#include "host/requirement_overlay.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/files.h"
#include "base/strings.h"
#include "base/time_text.h"

namespace clary::host {
namespace {

constexpr int kSchemeDepth = 5;         // prefix/local/lib/python3.11/dist-packages
constexpr const char* kGone = ".gone";  // ends the name of what is being removed

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

std::uint64_t tree_bytes(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code failure;
  std::filesystem::recursive_directory_iterator entry(folder, failure);
  const std::filesystem::recursive_directory_iterator end;
  for (; !failure && entry != end; entry.increment(failure)) {
    struct stat found{};
    if (::lstat(entry->path().c_str(), &found) == 0 && S_ISREG(found.st_mode))
      bytes += static_cast<std::uint64_t>(found.st_size);
  }
  return bytes;
}

// The overlay's `used`, locked; its time is that of the last use. Unavailable when the lock cannot
// be had.
Result<Fd> lock_use(const std::string& folder, int kind) {
  CLARY_TRY(Fd used, open_file(path_join(folder, "used"), O_RDWR | O_CREAT, 0600));
  if (::flock(used.get(), kind | LOCK_NB) != 0)
    return unavailable("requirements '" + folder + "': in use");
  return used;
}

// Nothing when it was removed meanwhile.
Result<Fd> begin_use(const std::string& folder, TimePoint now) {
  CLARY_TRY(Fd used, lock_use(folder, LOCK_SH));
  struct stat opened{};
  struct stat there{};
  if (::fstat(used.get(), &opened) != 0 || ::stat(path_join(folder, "used").c_str(), &there) != 0 ||
      opened.st_ino != there.st_ino)
    return not_found("requirements '" + folder + "': removed");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  const timespec time{.tv_sec = seconds.count(), .tv_nsec = 0};
  const std::array<timespec, 2> times = {time, time};
  if (::futimens(used.get(), times.data()) != 0)
    return system_error("note a use of '" + folder + "'");
  return used;
}

struct Stored {
  std::string path;
  TimePoint used;
  std::uint64_t bytes = 0;
  bool out_of_date = false;
};

Stored stored_at(const std::string& path) {
  Stored stored{
      .path = path,
      .bytes = static_cast<std::uint64_t>(
          parse_int(trim(read_file(path_join(path, "bytes"), 100).value_or(""))).value_or(0)),
      .out_of_date = base_name(path).find(".before-") != std::string::npos};
  struct stat used{};
  if (::stat(path_join(path, "used").c_str(), &used) == 0) {
    stored.used = TimePoint(std::chrono::seconds(used.st_mtim.tv_sec));
  } else {
    stored.used = parse_time(trim(read_file(path_join(path, "made"), 100).value_or("")))
                      .value_or(TimePoint());
  }
  return stored;
}

// Whether it is gone: one that a job uses stays.
bool remove_unused(const Stored& stored) {
  const Result<Fd> lock = lock_use(stored.path, LOCK_EX);
  if (!lock.ok()) return false;
  const std::string gone = stored.path + kGone;
  if (::rename(stored.path.c_str(), gone.c_str()) != 0) return false;
  static_cast<void>(remove_tree(gone));
  return true;
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

Result<std::optional<RequirementOverlay>> RequirementCache::find(const std::string& key,
                                                                 std::optional<TimePoint> oldest,
                                                                 TimePoint now) const {
  const std::string folder = path_join(folder_, key);
  const Result<std::string> made = read_file(path_join(folder, "made"), 100);
  if (!made.ok()) return std::optional<RequirementOverlay>();
  if (oldest) {
    const Result<TimePoint> time = parse_time(trim(*made));
    if (!time.ok() || *time < *oldest) return std::optional<RequirementOverlay>();
  }
  Result<Fd> used = begin_use(folder, now);
  if (!used.ok() && used.error().code != ErrorCode::kUnavailable &&
      used.error().code != ErrorCode::kNotFound)
    return used.error();
  if (!used.ok()) return std::optional<RequirementOverlay>();  // it is being removed
  RequirementOverlay overlay = read_overlay(folder);
  overlay.in_use = std::move(used).value();
  return std::optional(std::move(overlay));
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
  CLARY_RETURN_IF_ERROR(write_file_atomically(
      path_join(aside, "bytes"), std::to_string(tree_bytes(path_join(aside, "prefix"))) + "\n"));
  CLARY_TRY(Fd used, begin_use(aside, now));
  const std::string folder = path_join(folder_, key);
  // What is out of date may still be shown to running jobs: renamed, and removed when none is left.
  if (exists(folder)) {
    const std::string before =
        path_join(folder_, key + ".before-" + replace_all(iso8601(now), ":", ""));
    if (::rename(folder.c_str(), before.c_str()) != 0)
      return system_error("rename '" + folder + "'");
  }
  if (::rename(aside.c_str(), folder.c_str()) != 0) return system_error("rename '" + aside + "'");
  prune(now);
  RequirementOverlay overlay = read_overlay(folder);
  overlay.in_use = std::move(used);
  return overlay;
}

void RequirementCache::prune(TimePoint now) const {
  std::vector<Stored> all;
  std::uint64_t bytes = 0;
  for (const std::string& name : list_folder(folder_).value_or({})) {
    const std::string path = path_join(folder_, name);
    if (name.ends_with(kGone)) {
      static_cast<void>(remove_tree(path));
    } else if (!name.ends_with(".lock") && name.find(".aside-") == std::string::npos) {
      all.push_back(stored_at(path));
      bytes += all.back().bytes;
    }
  }
  std::ranges::sort(all, {}, &Stored::used);
  for (const Stored& stored : all) {
    const bool wanted =
        !stored.out_of_date && now - stored.used <= limits_.unused_for && bytes <= limits_.bytes;
    if (!wanted && remove_unused(stored)) bytes -= stored.bytes;
  }
}

}  // namespace clary::host
