// FolderPrint: what a model's files looked like at a time, and which of them have changed since.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::serving {

struct FileMark {
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  bool operator==(const FileMark&) const = default;
};

// By their paths below the folder: "code/inference.py".
using FolderPrint = std::map<std::string, FileMark>;

// Of all files below the folder but hidden ones, byte code and what editors keep beside a file. A
// link counts as the file that it leads to; links to folders are not followed. Blocks on the disk.
// Errors: NotFound and the like of the folder itself; LimitExceeded: more than 20,000 files.
Result<FolderPrint> print_of_folder(const std::string& folder);

// The files that make another model of it, as they are now: those that have changed; those that are
// gone, with an empty mark; new ones of code or weights. Other new ones may be a handler's own.
FolderPrint changes_between(const FolderPrint& before, const FolderPrint& now);

// "code/inference.py and 2 more". changes: not empty.
std::string describe_changes(const FolderPrint& changes);

}  // namespace clary::serving
