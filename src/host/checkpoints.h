// A job's checkpoints: a folder of its own that is kept as objects under a prefix.
//
// Restored before the script starts, saved while it runs and once more when it has ended. A file is
// saved again when its size, time or inode has changed and it has stayed so from one look to the
// next; what the script deletes stays in the bucket, as on AWS. One thread at a time.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "host/host_context.h"
#include "host/tree_files.h"

namespace clary::host {

// Where the folder is on this machine, and where inside the job's tree.
struct CheckpointFolder {
  std::string root;      // of files_below()
  std::string path;      // below it
  bool outside = false;  // not under /opt/ml: it is mounted there
};
// InvalidArgument: LocalPath is not a place for checkpoints.
Result<CheckpointFolder> checkpoint_folder(const HostContext& context);

class Checkpoints {
 public:
  // context outlives this; its plan names a checkpoint_uri.
  static Result<Checkpoints> open(HostContext& context);

  // What is under the prefix, into the folder.
  Status restore();
  // One look: saves what has changed and come to rest. Errors become events of the job, once each.
  void save_changed(const std::stop_token& stop);
  // Everything that is not saved yet, with patience. The first error, when something is not saved.
  Status save_all();

 private:
  struct Seen {
    FileStamp stamp;
    Duration since{0};  // on the steady clock: unsaved since
  };

  Checkpoints(HostContext& context, objects::ObjectUri base, CheckpointFolder folder)
      : context_(context), base_(std::move(base)), folder_(std::move(folder)) {}
  bool is_due(const TreeFile& file);
  Status save(const TreeFile& file);
  void report(const Status& status);

  HostContext& context_;
  objects::ObjectUri base_;  // its key is "" or ends in '/'
  CheckpointFolder folder_;
  std::map<std::string, FileStamp> saved_;  // by path
  std::map<std::string, Seen> changing_;    // by path: not saved in this form yet
  std::string reported_;                    // the failure that was said last; "" when all is well
};

}  // namespace clary::host
