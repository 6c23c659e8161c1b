#include "host/disk_watch.h"

#include <sys/stat.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace clary::host {
namespace {

constexpr Duration kInterval = std::chrono::seconds(2);
constexpr std::uint64_t kBlockBytes = 512;  // of st_blocks

}  // namespace

std::uint64_t disk_bytes(const std::string& folder) {
  namespace fs = std::filesystem;
  std::uint64_t bytes = 0;
  // One folder at a time: one that vanishes takes nothing else with it.
  std::vector<fs::path> folders = {folder};
  while (!folders.empty()) {
    const fs::path at = std::move(folders.back());
    folders.pop_back();
    std::error_code failure;
    fs::directory_iterator entry(at, failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
      struct stat found{};
      if (::lstat(entry->path().c_str(), &found) != 0) continue;
      bytes += static_cast<std::uint64_t>(found.st_blocks) * kBlockBytes;
      if (S_ISDIR(found.st_mode)) folders.push_back(entry->path());
    }
  }
  return bytes;
}

DiskWatch::DiskWatch(std::string folder, std::uint64_t limit_bytes)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes) {
  if (limit_bytes_ == 0) return;
  loop_ = std::make_unique<Loop>("disk", kInterval, [this](const std::stop_token&) {
    if (exceeded()) return;
    if (const std::uint64_t bytes = disk_bytes(folder_); bytes > limit_bytes_) taken_ = bytes;
  });
}

std::string DiskWatch::sentence() const {
  return "The job's files take " + format_bytes(taken_.load()) + "; jobs.max_disk_gib allows " +
         format_bytes(limit_bytes_);
}

}  // namespace clary::host
