// That a job shall stop: asked for by SIGTERM to the host program, or by the server over the link.
#pragma once

#include <signal.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"

namespace clary::host {

// Thread-safe. The first request counts.
class StopSignal {
 public:
  // grace: how long the script has after its SIGTERM; nothing: as the plan says.
  void request(std::optional<Duration> grace);
  bool requested() const { return requested_.load(); }
  std::optional<Duration> grace() const;

 private:
  std::atomic<bool> requested_ = false;
  mutable Mutex mutex_;
  std::optional<Duration> grace_ CLARY_GUARDED_BY(mutex_);
};

// How long a host goes on waiting for a server that is away: as usual, or, from when a stop was
// asked for, only a little. One thread.
class ServerPatience {
 public:
  // clock and stop outlive it.
  ServerPatience(const Clock& clock, const StopSignal& stop, Duration usual)
      : clock_(clock), stop_(stop), until_(clock.steady() + usual) {}
  bool is_over();

 private:
  const Clock& clock_;
  const StopSignal& stop_;
  Duration until_;  // on the steady clock
  bool stop_seen_ = false;
};

// While it lives, SIGTERM and SIGINT to this process become requests, and SIGHUP and SIGPIPE are
// ignored. Made before other threads are.
class SignalWatch {
 public:
  // stop outlives the watch.
  static Result<std::unique_ptr<SignalWatch>> start(StopSignal& stop);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

 private:
  explicit SignalWatch(StopSignal& stop) : stop_(stop) {}
  void run();

  StopSignal& stop_;
  sigset_t before_{};
  struct sigaction pipe_before_{};
  Fd signals_;
  Fd wake_;
  std::thread thread_;
};

}  // namespace clary::host
