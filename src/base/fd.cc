#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

namespace clary {

void Fd::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Result<Fd> Fd::duplicate() const {
  const int copy = ::fcntl(number_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return system_error("duplicate a file descriptor");
  return Fd(copy);
}

}  // namespace clary
