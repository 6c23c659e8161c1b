// The cache of installed requirements: one folder per key, built aside and renamed, never changed
// afterwards.
//
// <cache>/requirements/<key>/: prefix/ (pip's --prefix), made, used, bytes. Thread-safe between
// processes: a lock file per key lets one job install and the others wait. What no job uses is
// removed after an installation: when it is out of date, was not used for long, or when all
// together take too much room, the longest unused first. Format: docs/formats/job_host.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace clary::host {

struct RequirementOverlay {
  std::string folder;
  std::vector<std::string> site_folders;     // for PYTHONPATH
  std::vector<std::string> program_folders;  // for PATH
  std::vector<std::string> resolved;         // "six==1.16.0"
  Fd in_use;                                 // while it is open the overlay is not removed
};

struct RequirementLimits {
  Duration unused_for = std::chrono::days(30);
  std::uint64_t bytes = 20ULL << 30;
};

class RequirementCache {
 public:
  explicit RequirementCache(std::string cache_folder, RequirementLimits limits = {})
      : folder_(std::move(cache_folder) + "/requirements"), limits_(limits) {}

  // The lock under which one key is installed; held as long as the descriptor lives. Unavailable
  // while another holds it.
  Result<Fd> lock(const std::string& key) const;
  // What is installed under the key, used from now on; nothing when it is not there, or older than
  // `oldest` allows.
  Result<std::optional<RequirementOverlay>> find(const std::string& key,
                                                 std::optional<TimePoint> oldest,
                                                 TimePoint now) const;
  // A new, empty folder to install aside: its prefix/ is for pip.
  Result<std::string> begin(const std::string& key) const;
  // Makes `aside` what is installed under the key, and removes what nobody needs.
  Result<RequirementOverlay> finish(const std::string& key, const std::string& aside,
                                    TimePoint now) const;

 private:
  void prune(TimePoint now) const;

  std::string folder_;
  RequirementLimits limits_;
};

// The folders of a prefix where Python's packages and programs lie, whatever the interpreter's
// installation scheme, and what is installed there.
RequirementOverlay read_overlay(const std::string& folder);

}  // namespace clary::host
