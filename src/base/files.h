// Files and folders. Messages name the path. Any thread; no state.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace clary {

enum class Durability { kNone, kSynced };  // kSynced: fdatasync of the file and fsync of its folder

// LimitExceeded when the file is larger than `limit_bytes`.
Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes = 64ULL << 20);
// Writes aside and renames: a reader sees the old file or the new one, never a part.
Status write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode = 0644,
                             Durability durability = Durability::kNone);
Status write_all(const Fd& file, std::string_view bytes, std::string_view what);
// Writes the rest of `from`, at most `limit_bytes`, to `to`, inside the kernel where it can (shared
// blocks on file systems that have them). Returns the bytes. `what` stands in errors.
Result<std::uint64_t> copy_bytes(const Fd& from, const Fd& to, std::string_view what,
                                 std::uint64_t limit_bytes = UINT64_MAX);
Status sync_folder(const std::string& path);

// Makes the folder and its missing parents; an existing folder is fine.
Status make_folders(const std::string& path, mode_t mode = 0755);
// Removes a file or a whole tree without following symbolic links, folders of mode 000 too; absent
// is fine.
Status remove_tree(const std::string& path);
bool exists(const std::string& path);
Result<std::vector<std::string>> list_folder(
    const std::string& path);  // names, sorted, without . and ..

Result<Fd> open_file(const std::string& path, int flags, mode_t mode = 0644);  // O_CLOEXEC is added

std::string path_join(std::string_view folder, std::string_view name);
std::string base_name(std::string_view path);
std::string folder_of(std::string_view path);  // "." when there is none
// From `path`, which need not exist, as seen from the working folder: absolute, without slashes at
// its end. Symbolic links stay.
std::string absolute_path(const std::string& path);
// The absolute path without symbolic links.
Result<std::string> real_path(const std::string& path);

}  // namespace clary
