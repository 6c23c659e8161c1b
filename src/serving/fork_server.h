// The Python process that workers are forked from (python/clary_serving/fork_server.py), as this
// process sees it. Thread-safe: one request to it at a time.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "serving/worker_socket.h"

namespace clary::serving {

struct PythonProgram {
  std::string interpreter;               // a path, or a name looked up on PATH
  std::string package_folder;            // holds clary_serving/
  std::string model_folder;              // the working folder of the processes
  std::vector<std::string> environment;  // "NAME=value"
  std::uint64_t open_files = 0;          // soft limit of the processes; 0: as this one's is
};

struct ForkedWorker {
  WorkerSocket socket;
  pid_t pid = 0;
};

class ForkServer {
 public:
  // clock outlives it.
  static Result<std::shared_ptr<ForkServer>> spawn(const PythonProgram& program,
                                                   const Clock& clock);
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;
  ~ForkServer();  // ends it and its workers

  // Waits until it has imported what the model needs: once, before anything else is asked of it.
  Status wait_until_ready(Duration deadline);
  // Unavailable, Cancelled: it has ended.
  Result<ForkedWorker> fork_worker();
  // At once. Only for a worker of which end_worker() has not told yet: its number is its own.
  static void kill_worker(pid_t pid) { ::kill(pid, SIGKILL); }
  // How a worker has ended, in words: "exit status 3". Waits for it a while, then ends it.
  std::string end_worker(pid_t pid);
  // What it and its workers take of the machine's memory, shared pages divided; 0: not known.
  std::uint64_t memory_bytes() const;
  // At once, with its workers, from any thread: what waits for it comes back with an error.
  void kill();

 private:
  ForkServer(WorkerSocket control, pid_t pid, const Clock& clock)
      : control_(std::move(control)), pid_(pid), clock_(clock) {}
  Result<ReceivedFrame> receive(FrameKind wanted, Duration deadline) CLARY_REQUIRES(mutex_);

  mutable Mutex pids_mutex_;                            // taken after mutex_
  std::set<pid_t> pids_ CLARY_GUARDED_BY(pids_mutex_);  // of the workers
  Mutex mutex_;
  WorkerSocket control_ CLARY_GUARDED_BY(mutex_);
  const pid_t pid_;  // of the process and of its group; reaped by the destructor only
  const Clock& clock_;
};

// "exit 3" → "exit status 3", "signal 9" → "SIGKILL; the kernel does so when memory runs out".
std::string ending_in_words(std::string_view how);

}  // namespace clary::serving
