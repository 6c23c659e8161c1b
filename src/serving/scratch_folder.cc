#include "serving/scratch_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/files.h"

namespace clary::serving {
namespace {

bool lock_now(const Fd& folder) { return ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0; }

// Those that no process holds.
void remove_abandoned(const std::string& parent) {
  const auto names = list_folder(parent);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const std::string path = path_join(parent, name);
    const Result<Fd> folder = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (folder.ok() && lock_now(*folder)) static_cast<void>(remove_tree(path));
  }
}

}  // namespace

Result<ScratchFolder> ScratchFolder::make_in(const std::string& parent, IdSource& ids) {
  CLARY_RETURN_IF_ERROR(make_folders(parent, 0700));
  CLARY_TRY(const Fd parent_folder, open_file(parent, O_RDONLY | O_DIRECTORY));
  // One at a time: nobody takes a folder for abandoned between its making and its lock.
  while (::flock(parent_folder.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error("lock '" + parent + "'");
  }
  remove_abandoned(parent);
  const std::string path = path_join(parent, ids.hex(16));
  CLARY_RETURN_IF_ERROR(make_folders(path, 0700));
  CLARY_TRY(Fd lock, open_file(path, O_RDONLY | O_DIRECTORY));
  if (!lock_now(lock)) return system_error("lock '" + path + "'");
  return ScratchFolder(path, std::move(lock));
}

ScratchFolder::~ScratchFolder() {
  if (lock_.valid()) static_cast<void>(remove_tree(path_));
}

}  // namespace clary::serving
