// Sandbox: confines the processes of one job host. Implementations: BubblewrapSandbox,
// ProcessSandbox; fakes in tests.
//
// prepare → spawn (any number of times) → signal/wait → destroy. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace clary::compute {

struct Mount {
  std::string source;  // on the machine
  std::string target;  // inside
  bool writable = false;
};

struct SandboxSpec {
  std::string folder;  // the sandbox's own files, absolute
  std::string hostname = "algo-1";
  std::vector<std::string> hosts;  // names for /etc/hosts, algo-i → 10.77.0.i
  std::string job_folder;          // becomes /opt/ml, writable
  std::vector<Mount> mounts;       // interpreter prefixes and the like
  // Channels and interpreters: trees shown at a path as the lower layer of a writable overlay.
  struct Overlay {
    std::string lower;   // never written
    std::string target;  // inside, for example /opt/ml/input/data/train
    // Where overlay mounts are not possible the tree is copied; an optional one is shown read-only.
    bool optional = false;
  };
  std::vector<Overlay> overlays;
  int network_namespace = -1;  // descriptor of the host's network namespace, or -1: none of its own
  int user_namespace = -1;     // descriptor of the namespace that owns it, or -1
  std::vector<std::string> gpu_devices;  // "/dev/nvidia0"
  std::uint64_t memory_limit_bytes = 0;  // 0: none
  std::int64_t process_limit = 0;        // processes and threads; 0: none
  // A server that runs as root must name the unprivileged user its jobs are; the job folder is
  // given to it. Inside, it is uid 0.
  std::optional<std::uint32_t> run_as_uid;
};

struct ProcessSpec {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;  // the whole of it
  std::string working_folder = "/";
  int stdout_fd = -1;  // -1: /dev/null
  int stderr_fd = -1;
};

struct ExitStatus {
  int code = 0;    // of exit(), when signal is 0
  int signal = 0;  // that ended it
  bool out_of_memory = false;
};

// One process of the user's inside the sandbox.
class SandboxedProcess {
 public:
  virtual ~SandboxedProcess() = default;
  // To the process itself, not to a wrapper.
  virtual Status signal(int number) = 0;
  // To everything in the sandbox.
  virtual Status kill_all() = 0;
  // Nothing when it still runs after `timeout`.
  virtual Result<std::optional<ExitStatus>> wait(Duration timeout) = 0;
  virtual pid_t pid() const = 0;  // on the machine, of the user's process; 0 when not known
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  virtual Status prepare(const SandboxSpec& spec) = 0;
  // NotFound: `no command 'x'`, never anything else.
  virtual Result<std::unique_ptr<SandboxedProcess>> spawn(const ProcessSpec& process) = 0;
  virtual Status destroy() = 0;
  virtual std::string name() const = 0;  // "bubblewrap"
  // Where the processes find the job folder: "/opt/ml", or its own path where nothing can be moved.
  virtual std::string job_root() const = 0;
  virtual std::vector<std::string> lacks()
      const = 0;  // what it does not give, for the timeline: "no network of its own"
};

// Probes whether the sandbox can run here; an error says how to mend it.
Status probe_bubblewrap();
std::unique_ptr<Sandbox> make_bubblewrap_sandbox();
std::unique_ptr<Sandbox> make_process_sandbox();

}  // namespace clary::compute
