// Files of a tree that the user's script could have changed, as the host program reads and writes
// them.
//
// A script may replace any file or folder under /opt/ml by a symbolic link to somewhere else;
// nothing here follows one. Paths are relative to `root`, a folder of the host's own. Thread-safe;
// no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace clary::host {

// Where the container's contract has a job's files.
inline constexpr std::string_view kContainerBase = "/opt/ml/";

// "processing/input" of "/opt/ml/processing/input/". InvalidArgument: not a plain path under
// /opt/ml.
Result<std::string> inside_job_folder(std::string_view path);

// flags: of open(2); O_NOFOLLOW and O_CLOEXEC are added. InvalidArgument when a part of the path is
// a symbolic link.
Result<Fd> open_inside(const std::string& root, std::string_view path, int flags,
                       mode_t mode = 0644);

// The first `limit_bytes` of a regular file. NotFound when it is absent.
Result<std::string> read_inside(const std::string& root, std::string_view path,
                                std::uint64_t limit_bytes);

// Makes or replaces the file; its folder must be there.
Status write_inside(const std::string& root, std::string_view path, std::string_view bytes);

// Whether a folder is there and holds anything.
bool holds_anything(const std::string& root, std::string_view path);

}  // namespace clary::host
