// Makes the index of a DirectoryStore anew from what can be read of it: for a damaged disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace clary::objects {

struct RebuildReport {
  std::uint64_t rows = 0;  // carried over
  // A sentence per table of which a part could not be read.
  std::vector<std::string> unreadable;
};

// Every row that can be reached from the beginning or the end of its table is carried over to a new
// index, which takes the old one's place at once; the old one stays as index.db.before. Quotas are
// counted anew at the next start. Conflict: a server has the store open. Unsupported: the index is
// of another format than this release's, or its head cannot be read.
Result<RebuildReport> rebuild_index(const std::string& root);

}  // namespace clary::objects
