// The cache of installed requirements: one folder per key, built aside and renamed, never changed
// afterwards.
//
// <cache>/requirements/<key>/: prefix/ (pip's --prefix), resolved.txt (what was installed).
// Thread-safe between processes: a lock file per key lets one job install and the others wait.
#pragma once

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
};

class RequirementCache {
 public:
  explicit RequirementCache(std::string cache_folder)
      : folder_(std::move(cache_folder) + "/requirements") {}

  // The lock under which one key is installed; held as long as the descriptor lives. Unavailable
  // while another holds it.
  Result<Fd> lock(const std::string& key) const;
  // What is installed under the key; nothing when it is not there, or older than `oldest` allows.
  Result<std::optional<RequirementOverlay>> find(const std::string& key,
                                                 std::optional<TimePoint> oldest) const;
  // A new, empty folder to install aside: its prefix/ is for pip.
  Result<std::string> begin(const std::string& key) const;
  // Makes `aside` what is installed under the key.
  Result<RequirementOverlay> finish(const std::string& key, const std::string& aside,
                                    TimePoint now) const;

 private:
  std::string folder_;
};

// The folders of a prefix where Python's packages and programs lie, whatever the interpreter's
// installation scheme, and what is installed there.
RequirementOverlay read_overlay(const std::string& folder);

}  // namespace clary::host
