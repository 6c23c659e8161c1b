// Copies of a DirectoryStore's folder: for backups of a store that is being written to, and for
// bringing them back. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "objects/object_index.h"

namespace clary::objects {

enum class BodyCopy {
  kLinkOrCopy,  // hard links where both are on one file system: bodies never change
  kCopy,
};

struct CopyOptions {
  BodyCopy bodies = BodyCopy::kLinkOrCopy;
  bool at_rest = false;  // nobody writes to `from`, which may be on a read-only medium
};

struct CopyReport {
  IndexCounts counts;                // of the copy of the index
  std::uint64_t linked = 0;          // body files, hard links
  std::vector<std::string> missing;  // files that the index names and that are not there
};

// Copies the store in `from` to the folder `to`, which is not there yet, as it is at one moment
// while this runs. Durable when it returns. A server may be writing to `from` unless it is at rest,
// nobody to `to`. NotFound: no store there.
Result<CopyReport> copy_store(const std::string& from, const std::string& to, CopyOptions options);

}  // namespace clary::objects
