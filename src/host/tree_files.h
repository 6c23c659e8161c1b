// The regular files of a folder of the job's, as objects: listed and uploaded.
//
// The job may change the folder meanwhile; no symbolic link is followed, whatever it makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "objects/object_store.h"

namespace clary::host {

// What tells one content of a file from another without reading it.
struct FileStamp {
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;  // since the epoch
  std::uint64_t inode = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct TreeFile {
  std::string path;  // below the folder
  FileStamp stamp;
};

// Every regular file below root/folder, in the order of its path; none when the folder is gone.
// LimitExceeded when folders are nested more than 200 deep.
Result<std::vector<TreeFile>> files_below(const std::string& root, std::string_view folder);

// Uploads root/path, in pieces; the bytes are verified by their CRC32C, at the store and here.
// Returns the stamp of what was uploaded. Unavailable: it changed while it was read.
Result<FileStamp> upload_file(objects::ObjectStore& store, const std::string& root,
                              std::string_view path, const objects::ObjectUri& to);

}  // namespace clary::host
