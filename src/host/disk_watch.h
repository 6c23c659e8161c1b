// What a job's files take on the disk, looked at while it runs. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/loop.h"

namespace clary::host {

// On the disk, of a folder and everything below it; symbolic links are not followed, and what
// vanishes meanwhile is left out.
std::uint64_t disk_bytes(const std::string& folder);

class DiskWatch {
 public:
  // limit_bytes: 0 watches nothing.
  DiskWatch(std::string folder, std::uint64_t limit_bytes);
  bool exceeded() const { return taken_.load() > 0; }
  // "The job's files take 12.3 GiB; ...": for its owner, once exceeded.
  std::string sentence() const;

 private:
  std::string folder_;
  std::uint64_t limit_bytes_;
  std::atomic<std::uint64_t> taken_ = 0;  // when it was too much
  std::unique_ptr<Loop> loop_;
};

}  // namespace clary::host
