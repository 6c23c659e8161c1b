#include "objects/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/files.h"

namespace clary::objects {

Result<Fd> lock_store(const std::string& root, StoreUse use) {
  CLARY_TRY(Fd lock, open_file(path_join(root, "lock"), O_RDWR | O_CREAT, 0600));
  const int kind = use == StoreUse::kOwn ? LOCK_EX : LOCK_SH;
  if (::flock(lock.get(), kind | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return conflict("object store '" + root + "': another process has it open");
    return system_error("object store '" + root + "': lock");
  }
  return lock;
}

}  // namespace clary::objects
