#include "compute/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/child_start.h"
#include "base/open_files.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

enum Step : int {
  kStarted,
  kCgroup,
  kJoin,
  kMountNamespace,
  kMount,
  kClone,
  kUser,
  kUserNamespace,
  kCapabilities,
  kStdio,
  kFolder,
  kExec,
  kRunner,
};
constexpr std::array kStepNames = {"started",
                                   "join its cgroup",
                                   "enter a namespace",
                                   "make a mount namespace",
                                   "mount a layer",
                                   "make the process",
                                   "become its user",
                                   "enter its user namespace",
                                   "drop capabilities",
                                   "open its standard streams",
                                   "enter its working folder",
                                   "execute it",
                                   "find what runs it"};

// What the child says to its parent through a pipe that exec closes.
struct Word {
  int step = kStarted;
  int value = 0;  // errno, or the pid with kStarted
};

// The launch as C sees it, made before the fork.
struct Prepared {
  explicit Prepared(const Launch& given) : launch(given) {
    for (const std::string& text : given.argv) argv.push_back(const_cast<char*>(text.c_str()));
    for (const std::string& text : given.environment)
      environment.push_back(const_cast<char*>(text.c_str()));
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    find_programs();
  }

  void find_programs() {
    const std::string& name = launch.argv.front();
    std::string path = "/usr/local/bin:/usr/bin:/bin";
    for (const std::string& text : launch.environment) {
      if (text.starts_with("PATH=")) path = text.substr(5);
    }
    if (name.find('/') != std::string::npos) {
      programs.push_back(name);
      return;
    }
    for (const std::string_view folder : split(path, ':')) {
      programs.push_back((folder.empty() ? "." : std::string(folder)) + "/" + name);
    }
  }

  const Launch& launch;
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::vector<std::string> programs;
  int words = -1;
};

[[noreturn]] void exit_failed(const Prepared& prepared, Step step) {
  const Word word{step, errno};
  if (::write(prepared.words, &word, sizeof(word)) < 0) ::_exit(126);
  ::_exit(127);
}

bool write_text(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, text, std::strlen(text)) >= 0;
  const int failure = errno;
  ::close(file);
  errno = failure;
  return written;
}

bool make_mount(const LaunchMount& mount) {
  if (::chdir(mount.folder.c_str()) != 0) return false;
  if (mount.tree >= 0) {
    return ::syscall(SYS_move_mount, mount.tree, "", AT_FDCWD, mount.target.c_str(),
                     MOVE_MOUNT_F_EMPTY_PATH) == 0;
  }
  const unsigned long flags = mount.type == "bind" ? MS_BIND | MS_REC : MS_NOSUID | MS_NODEV;
  const char* source = mount.source.empty() ? "none" : mount.source.c_str();
  return ::mount(source, mount.target.c_str(), mount.type.c_str(), flags, mount.options.c_str()) ==
         0;
}

// It runs on others where the system does not have these any more.
void keep_to_cpus(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t kept;
  CPU_ZERO(&kept);
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &kept);
  }
  ::sched_setaffinity(0, sizeof(kept), &kept);
}

void enter_places(const Prepared& prepared) {
  const Launch& launch = prepared.launch;
  keep_to_cpus(launch.cpus);
  for (const std::string& procs : launch.cgroups) {
    if (!write_text(procs.c_str(), "0")) exit_failed(prepared, kCgroup);
  }
  for (const Join& join : launch.joins) {
    if (::setns(join.descriptor, join.kinds) != 0) exit_failed(prepared, kJoin);
  }
  if (launch.mounts.empty()) return;
  if (::unshare(CLONE_NEWNS) != 0) exit_failed(prepared, kMountNamespace);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    exit_failed(prepared, kMountNamespace);
  for (const LaunchMount& mount : launch.mounts) {
    if (!make_mount(mount)) exit_failed(prepared, kMount);
  }
}

void become(const Prepared& prepared) {
  const Launch& launch = prepared.launch;
  if (launch.user) {
    const uid_t id = *launch.user;
    if (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, id, id, id) != 0 ||
        ::syscall(SYS_setresuid, id, id, id) != 0) {
      exit_failed(prepared, kUser);
    }
  }
  if (launch.user_namespace < 0) return;
  if (::setns(launch.user_namespace, CLONE_NEWUSER) != 0) exit_failed(prepared, kUserNamespace);
  // Refused where the map was written without privilege; the groups are then those of the caller.
  ::syscall(SYS_setgroups, 0, nullptr);
  if (::syscall(SYS_setresgid, 0, 0, 0) != 0 || ::syscall(SYS_setresuid, 0, 0, 0) != 0)
    exit_failed(prepared, kUser);
}

void confine(const Prepared& prepared) {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL && errno != EPERM) {
      exit_failed(prepared, kCapabilities);
    }
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) exit_failed(prepared, kCapabilities);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) exit_failed(prepared, kCapabilities);
}

void set_stdio(const Prepared& prepared) {
  if (!set_standard_streams(prepared.launch.stdio)) exit_failed(prepared, kStdio);
  if (::syscall(SYS_close_range, 3U, UINT_MAX, CLOSE_RANGE_CLOEXEC) != 0)
    exit_failed(prepared, kStdio);
  for (const int kept : prepared.launch.kept) ::fcntl(kept, F_SETFD, 0);
}

[[noreturn]] void run_program(const Prepared& prepared) {
  ::setsid();
  become(prepared);
  if (prepared.launch.process_limit > 0) {
    const auto most = static_cast<rlim_t>(prepared.launch.process_limit);
    const rlimit limit{most, most};
    if (::setrlimit(RLIMIT_NPROC, &limit) != 0) exit_failed(prepared, kUser);
  }
  if (prepared.launch.confined) confine(prepared);
  set_stdio(prepared);
  if (prepared.launch.terminal && ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0)
    exit_failed(prepared, kStdio);
  if (!prepared.launch.working_folder.empty() &&
      ::chdir(prepared.launch.working_folder.c_str()) != 0) {
    exit_failed(prepared, kFolder);
  }
  reset_signals();
  limit_open_files(prepared.launch.open_files);  // nothing is opened from here on
  int failure = ENOENT;
  bool there = false;
  for (const std::string& program : prepared.programs) {
    ::execve(program.c_str(), prepared.argv.data(), prepared.environment.data());
    if (errno != ENOENT && errno != ENOTDIR)
      failure = errno;
    else if (::access(program.c_str(), F_OK) == 0)
      there = true;
  }
  errno = failure;
  exit_failed(prepared, there && failure == ENOENT ? kRunner : kExec);
}

// The middle process enters the namespaces and makes the program's process a child of its own
// parent: setns(2) moves only children into a pid namespace.
[[noreturn]] void run_middle(const Prepared& prepared) {
  enter_places(prepared);
  const long made =
      ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (made < 0) exit_failed(prepared, kClone);
  if (made == 0) run_program(prepared);
  const Word word{kStarted, static_cast<int>(made)};
  if (::write(prepared.words, &word, sizeof(word)) < 0) ::_exit(126);
  ::_exit(0);
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<pid_t> launch(const Launch& launch) {
  if (launch.argv.empty() || launch.argv.front().empty())
    return invalid_argument("start a process: no program is named");
  const std::string what = "start '" + launch.argv.front() + "': ";
  CLARY_TRY(Pipe words, make_word_pipe());
  Prepared prepared(launch);
  prepared.words = words.writer.get();
  const pid_t middle = fork_with_signals_blocked();
  if (middle == 0) run_middle(prepared);
  if (middle < 0) return system_error(what + "fork");
  words.writer.close();
  pid_t started = 0;
  std::optional<Word> failed;
  Word word;
  for (;;) {
    const ssize_t got = ::read(words.reader.get(), &word, sizeof(word));
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(sizeof(word))) break;
    if (word.step == kStarted) {
      started = word.value;
    } else {
      failed = word;
    }
  }
  reap(middle);
  if (!failed && started > 0) return started;
  if (started > 0 && !launch.detached) reap(started);
  if (!failed) return internal_error(what + "it ended before it began");
  if (failed->step == kExec && failed->value == ENOENT)
    return not_found("no command '" + launch.argv.front() + "'");
  if (failed->step == kRunner)
    return unsupported(what + "the program that its first line names (or its loader) is not there");
  return not_of_command(
      system_error(what + kStepNames[static_cast<std::size_t>(failed->step)], failed->value));
}

Error not_of_command(Error error) {
  if (error.code == ErrorCode::kNotFound) error.code = ErrorCode::kInternal;
  return error;
}

}  // namespace clary::compute
