// A pipe between processes or threads, close-on-exec, and a wait with a deadline.
#pragma once

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace clary {

struct Pipe {
  Fd reader;
  Fd writer;
};
Result<Pipe> make_pipe();

// Whether `fd` has bytes, or its end, to read before `timeout` has passed.
bool readable_within(int fd, Duration timeout);

}  // namespace clary
