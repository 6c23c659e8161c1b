// The folder of this machine that a channel's file system stands for.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "domain/job.h"

namespace clary::runtime {

// filesystems: id → folder, as clary.toml names them. InvalidArgument, a FailureReason: no such
// file system, no such directory in it, or one that leads out of it.
Result<std::string> channel_folder(const std::map<std::string, std::string>& filesystems,
                                   const domain::Channel& channel);

}  // namespace clary::runtime
