// launch(): starts a program as a child of this process, in the namespaces of others, as another
// user, without its capabilities.
//
// Everything the child does between fork and exec is a system call on memory made before, so a
// program with threads may call it. Thread-safe.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace clary::compute {

// Namespaces to enter: a descriptor of one, or a pidfd and the CLONE_NEW* of its that are meant
// (setns(2)).
struct Join {
  int descriptor = -1;
  int kinds = 0;
};

// A mount to make before exec, from within `folder`, so that source, target and options need no
// characters escaped. The attached tree (move_mount(2)) when `tree` ≥ 0, a recursive bind when
// `type` is "bind", else a file system of that type.
struct LaunchMount {
  std::string folder;
  std::string type;
  std::string source;
  std::string target;
  std::string options;
  int tree = -1;
};

struct Launch {
  std::vector<std::string> argv;  // argv[0] without a slash is looked up in the environment's PATH
  std::vector<std::string> environment;     // "NAME=value", the whole of it
  std::string working_folder;               // "": as it is
  std::array<int, 3> stdio = {-1, -1, -1};  // -1: /dev/null
  bool terminal = false;                    // stdio is a terminal, and becomes the process's own
  std::vector<int> kept;                    // descriptors that stay open, under their numbers
  std::vector<std::string> cgroups;         // cgroup.procs files to join, first of all
  std::vector<int> cpus;            // the cores it is kept to, where it can be; empty: as it is
  std::vector<Join> joins;          // in order
  std::vector<LaunchMount> mounts;  // not empty: made in a mount namespace of its own
  int user_namespace = -1;          // entered last; the process is then its uid 0 and gid 0
  std::optional<std::uint32_t>
      user;  // becomes this uid and gid, without supplementary groups (not with user_namespace)
  // RLIMIT_NPROC, counted in the user namespace that it runs in; 0: as it is.
  std::int64_t process_limit = 0;
  std::uint64_t open_files = 0;  // soft RLIMIT_NOFILE; 0: as it is
  bool detached = false;         // no child of the caller: it outlives it, and nobody waits for it
  bool confined = false;         // no capabilities, no way to gain some (PR_SET_NO_NEW_PRIVS)
};

// The child's pid on this machine; it is a child of the caller, in a session of its own, and must
// be waited for. Errors name the step that failed: `start 'x': enter a namespace: Operation not
// permitted`. NotFound: there is no such program, never anything else. Unsupported: it is there,
// and what its first line names is not.
Result<pid_t> launch(const Launch& launch);

// The error of a step before launch(), where NotFound is to mean the program alone: Internal in its
// place.
Error not_of_command(Error error);

// A child of this process. Ends and reaps it on destruction. Used by one thread at a time.
class Child {
 public:
  static Result<Child> start(const Launch& launch);
  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  const Fd& descriptor() const { return pidfd_; }
  bool running() { return valid() && !wait(Duration(0)).value_or(std::nullopt).has_value(); }
  bool valid() const { return pid_ > 0; }
  // Nothing happens when it has ended.
  Status signal(int number);

  struct End {
    int code = 0;
    int signal = 0;  // that ended it, else 0
  };
  // Nothing when it still runs after `timeout`.
  Result<std::optional<End>> wait(Duration timeout);

 private:
  pid_t pid_ = 0;
  Fd pidfd_;
  std::optional<End> end_;
};

// pidfd_open(2).
Result<Fd> open_pid(pid_t pid);
// pidfd_send_signal(2); a process that has ended is fine.
Status signal_pid(const Fd& pidfd, int number);

}  // namespace clary::compute
