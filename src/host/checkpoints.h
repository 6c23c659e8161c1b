// A job's checkpoints: a folder of its own that is kept as objects under a prefix.
//
// Restored before the script starts, saved while it runs and once more when it has ended.
#pragma once

#include <string>

#include "base/result.h"
#include "host/host_context.h"
#include "host/kept_folder.h"

namespace clary::host {

// Where the folder is on this machine, and where inside the job's tree.
struct CheckpointFolder {
  std::string root;      // of files_below()
  std::string path;      // below it
  bool outside = false;  // not under /opt/ml: it is mounted there
};
// InvalidArgument: LocalPath is not a place for checkpoints.
Result<CheckpointFolder> checkpoint_folder(const HostContext& context);

// The plan names a checkpoint_uri.
Result<KeptFolder> open_checkpoints(HostContext& context);

}  // namespace clary::host
