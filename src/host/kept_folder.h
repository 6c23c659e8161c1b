// KeptFolder: a folder of the job's whose files are kept as objects under a prefix.
//
// A file is saved again when its size, time or inode has changed and it has stayed so from one look
// to the next; what the job deletes stays in the bucket, as on AWS. One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "host/host_context.h"
#include "host/tree_files.h"

namespace clary::host {

struct KeptFolderOptions {
  std::string subject;  // of its events: "Checkpoints", "Output 'train'"
  std::string root;     // of files_below()
  std::string path;     // below it
  std::string uri;      // s3://bucket/prefix
};

class KeptFolder {
 public:
  // context outlives this. InvalidArgument: not a URI.
  static Result<KeptFolder> open(HostContext& context, KeptFolderOptions options);

  // What is in the folder is in the bucket, too.
  Status take_as_saved();
  // One look: saves what has changed and come to rest. Errors become events of the job, once each.
  void save_changed(const std::stop_token& stop);
  // Everything that is not saved yet, with patience. The first error, when something is not saved.
  Status save_all();

  const KeptFolderOptions& options() const { return options_; }
  const objects::ObjectUri& base() const { return base_; }  // its key is "" or ends in '/'
  void report(const Status& status);

 private:
  struct Seen {
    FileStamp stamp;
    Duration since{0};  // on the steady clock: unsaved since
  };

  KeptFolder(HostContext& context, KeptFolderOptions options, objects::ObjectUri base)
      : context_(context), options_(std::move(options)), base_(std::move(base)) {}
  bool is_due(const TreeFile& file);
  // Nothing: the file is gone. Thread-safe.
  Result<std::optional<FileStamp>> upload(const TreeFile& file);
  void take_saved(const std::string& path, const std::optional<FileStamp>& stamp);

  HostContext& context_;
  KeptFolderOptions options_;
  objects::ObjectUri base_;
  std::map<std::string, FileStamp> saved_;  // by path
  std::map<std::string, Seen> changing_;    // by path: not saved in this form yet
  std::string reported_;                    // the failure that was said last; "" when all is well
};

}  // namespace clary::host
