// RunThread: a thread that does one thing after the other for somebody who waits with a deadline,
// and is left to itself where it does not come back. What it works on must be its own.
//
// Used by one thread at a time.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace clary::serving {

class RunThread {
 public:
  explicit RunThread(const Clock& clock);
  RunThread(const RunThread&) = delete;
  RunThread& operator=(const RunThread&) = delete;
  ~RunThread();  // waits for it, unless it was left

  // Returns once `work` is done, or after `deadline` on the steady clock, or soon after `stopped`
  // says so. False: it is not done; nothing more is to be asked of this thread.
  bool run(std::function<void()> work, Duration deadline, const std::function<bool()>& stopped);

 private:
  struct Shared;
  const Clock& clock_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace clary::serving
