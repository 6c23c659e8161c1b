#include "compute/exec_in_job.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>

#include "base/files.h"
#include "base/strings.h"
#include "compute/launch.h"
#include "compute/user_namespace.h"

namespace clary::compute {
namespace {

struct Namespace {
  const char* name;
  int kind;
};
constexpr std::array<Namespace, 6> kNamespaces = {{{"user", CLONE_NEWUSER},
                                                   {"mnt", CLONE_NEWNS},
                                                   {"pid", CLONE_NEWPID},
                                                   {"ipc", CLONE_NEWIPC},
                                                   {"uts", CLONE_NEWUTS},
                                                   {"net", CLONE_NEWNET}}};

std::string proc_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

bool is_another(pid_t pid, const char* name) {
  struct stat theirs{};
  struct stat ours{};
  const std::string path = std::string("/ns/") + name;
  return ::stat((proc_of(pid) + path).c_str(), &theirs) == 0 &&
         ::stat(("/proc/self" + path).c_str(), &ours) == 0 && theirs.st_ino != ours.st_ino;
}

std::string link_of(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size <= 0 ? "/" : std::string(target.data(), static_cast<std::size_t>(size));
}

// cgroup.procs of the groups that limit the job; those that cannot be joined are left out.
std::vector<std::string> cgroups_of(pid_t pid) {
  std::vector<std::string> files;
  const std::string text = read_file(proc_of(pid) + "/cgroup").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 3 || fields[2].find("/clary-") == std::string_view::npos) continue;
    const std::string base =
        "/sys/fs/cgroup" + (fields[1].empty() ? "" : "/" + std::string(fields[1]));
    const std::string file = base + std::string(fields[2]) + "/cgroup.procs";
    if (::access(file.c_str(), W_OK) == 0) files.push_back(file);
  }
  return files;
}

// A new terminal, as large as this process's own.
struct Pty {
  Fd master;
  Fd slave;
};
Result<Pty> make_pty() {
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 128> name{};
  if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
    return system_error("make a terminal");
  }
  Fd slave(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave.valid()) return system_error("open a terminal");
  return Pty{std::move(master), std::move(slave)};
}

void copy_size(const Fd& master) {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) ::ioctl(master.get(), TIOCSWINSZ, &size);
}

// While it lives, keys come to this process one by one and untouched.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }

 private:
  termios before_{};
  bool changed_ = false;
};

// Moves what is there; false at the end of `from`.
bool move(int from, int to) {
  std::array<char, 4096> piece{};
  const ssize_t got = ::read(from, piece.data(), piece.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  for (ssize_t put = 0; put < got;) {
    const ssize_t wrote = ::write(to, piece.data() + put, static_cast<std::size_t>(got - put));
    if (wrote < 0 && errno != EINTR) return false;
    if (wrote > 0) put += wrote;
  }
  return got > 0;
}

// Until the command's side of the terminal is closed.
void relay(const Fd& master, const Fd& signals) {
  const RawTerminal raw;
  bool input = true;
  for (;;) {
    std::array<pollfd, 3> ready = {{{master.get(), POLLIN, 0},
                                    {signals.get(), POLLIN, 0},
                                    {input ? STDIN_FILENO : -1, POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0 && !move(master.get(), STDOUT_FILENO)) return;
    if (ready[1].revents != 0) {
      signalfd_siginfo seen{};
      if (::read(signals.get(), &seen, sizeof(seen)) != static_cast<ssize_t>(sizeof(seen)))
        continue;
      if (seen.ssi_signo != SIGWINCH) return;
      copy_size(master);
    }
    if (ready[2].revents != 0) input = move(STDIN_FILENO, master.get());
  }
}

Fd watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGWINCH, SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

// Without a terminal of its own the command has this process's streams; an interrupt ends it.
Result<int> wait_for(Child& child, const Fd& signals) {
  bool asked = false;
  for (;;) {
    CLARY_TRY(const std::optional<Child::End> end, child.wait(std::chrono::milliseconds(50)));
    if (end) return end->signal != 0 ? 128 + end->signal : end->code;
    signalfd_siginfo seen{};
    const bool told =
        ::read(signals.get(), &seen, sizeof(seen)) == static_cast<ssize_t>(sizeof(seen));
    if (!told || seen.ssi_signo == SIGWINCH) continue;
    CLARY_RETURN_IF_ERROR(child.signal(asked ? SIGKILL : static_cast<int>(seen.ssi_signo)));
    asked = true;
  }
}

Result<Child> start_in_job(const Launch& launch) {
  Result<Child> started = Child::start(launch);
  if (started.ok() || started.error().code != ErrorCode::kNotFound) return started;
  return not_found("the job has " + started.error().message);
}

}  // namespace

Result<int> exec_in_job(const ExecOptions& options) {
  const std::string proc = proc_of(options.pid);
  const Result<Fd> process = open_pid(options.pid);
  if (!process.ok()) return conflict("its process has ended");
  const Result<std::string> environment = read_file(proc + "/environ");
  if (!environment.ok()) {
    return denied("process " + std::to_string(options.pid) +
                  " is another user's; run this as who runs the server");
  }
  Launch launch;
  launch.argv = options.argv;
  if (launch.argv.empty())
    launch.argv = {exists(proc + "/root/bin/bash") ? "/bin/bash" : "/bin/sh"};
  for (const std::string_view variable : split(*environment, '\0')) {
    if (!variable.empty()) launch.environment.emplace_back(variable);
  }
  launch.working_folder = link_of(proc + "/cwd");
  launch.cgroups = cgroups_of(options.pid);
  launch.confined = true;
  int kinds = 0;
  for (const Namespace& one : kNamespaces) {
    if (is_another(options.pid, one.name)) kinds |= one.kind;
  }
  // As the sandbox does: root enters what it made as root first, and becomes the job's user last.
  Fd users;
  if (is_real_root() && (kinds & CLONE_NEWUSER) != 0) {
    CLARY_TRY(users, open_file(proc + "/ns/user", O_RDONLY));
    launch.user_namespace = users.get();
    kinds &= ~CLONE_NEWUSER;
  } else if (is_real_root()) {
    struct stat owner{};
    if (::stat(proc.c_str(), &owner) == 0) launch.user = owner.st_uid;
  }
  if (kinds != 0) launch.joins = {{process->get(), kinds}};

  const Fd signals = watched_signals();
  const bool interactive = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  if (!interactive) {
    launch.stdio = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    CLARY_TRY(Child child, start_in_job(launch));
    return wait_for(child, signals);
  }
  CLARY_TRY(Pty pty, make_pty());
  copy_size(pty.master);
  launch.stdio = {pty.slave.get(), pty.slave.get(), pty.slave.get()};
  launch.terminal = true;
  std::erase_if(launch.environment,
                [](const std::string& one) { return one.starts_with("TERM="); });
  if (!options.terminal_type.empty()) launch.environment.push_back("TERM=" + options.terminal_type);
  CLARY_TRY(Child child, start_in_job(launch));
  pty.slave.close();
  relay(pty.master, signals);
  pty.master.close();
  return wait_for(child, signals);
}

}  // namespace clary::compute
