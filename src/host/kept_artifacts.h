// What a job made and could not be uploaded, kept on this machine:
// <kept>/<job>.<gang>/<its path below /opt/ml>. Any thread, any process; no state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace clary::host {

struct KeptLimits {
  std::uint64_t bytes = 0;  // of all jobs' together; 0: nothing is kept
  Duration time{0};         // of each
};

// Moves these folders of a job's tree (paths below root; none that is reached by a symbolic link)
// to the same paths below `to`. Nobody changes the tree meanwhile. Returns whether one of them held
// anything. Done again after it was cut short, it moves the rest. LimitExceeded: together they take
// more than limits.bytes; nothing is moved.
Result<bool> keep_artifacts(const std::string& root, std::vector<std::string> folders,
                            const std::string& to, const KeptLimits& limits);

// Removes what has been kept for longer, then the oldest until the rest takes no more. An absent
// folder is fine. The server's alone to do: a host knows the limits of the day it was started.
Status trim_kept(const std::string& kept, const KeptLimits& limits, TimePoint now);

}  // namespace clary::host
