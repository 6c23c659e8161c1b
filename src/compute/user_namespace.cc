#include "compute/user_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>

#include "base/files.h"
#include "base/pipe.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

constexpr Duration kMakeNamespaceTimeout = std::chrono::seconds(10);
constexpr int kCapSysAdmin = 21;  // linux/capability.h

Error with_mend(const Error& error) {
  const auto says = [](const char* path, const char* value) {
    const Result<std::string> text = read_file(path);
    return text.ok() && trim(*text) == value;
  };
  std::string mend;
  if (says("/proc/sys/user/max_user_namespaces", "0")) {
    mend = "; run: sysctl -w user.max_user_namespaces=15000";
  } else if (says("/proc/sys/kernel/unprivileged_userns_clone", "0")) {
    mend = "; run: sysctl -w kernel.unprivileged_userns_clone=1";
  } else if (says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")) {
    mend =
        "; AppArmor forbids it: add a profile with `userns,` for this program and for bwrap, or "
        "run: "
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  } else if (exists("/.dockerenv") || exists("/run/.containerenv")) {
    mend =
        "; start the container with --security-opt seccomp=unconfined --security-opt "
        "apparmor=unconfined, or --privileged";
  }
  return {error.code, error.message + mend};
}

// In the child: makes the namespace, says so, and waits to be told to end. Only system calls.
[[noreturn]] void hold_namespace(int ready, int told) {
  const char made = ::unshare(CLONE_NEWUSER) == 0 ? '\0' : static_cast<char>(errno);
  if (::write(ready, &made, 1) != 1 || made != '\0') ::_exit(1);
  char word = 0;
  if (::read(told, &word, 1) != 1) ::_exit(1);
  // Not possible where /proc/sys is read-only; the namespace then may have children.
  const int limit = ::open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
  if (limit >= 0 && ::write(limit, "0", 1) < 0) ::close(limit);
  if (::write(ready, &made, 1) != 1) ::_exit(1);
  if (::read(told, &word, 1) < 0) ::_exit(1);
  ::_exit(0);
}

Status write_maps(const std::string& proc, const IdMap& map) {
  const auto write = [&](const char* name, const std::string& text) -> Status {
    CLARY_TRY(const Fd file, open_file(proc + name, O_WRONLY));
    return write_all(file, text, "write the map of a user namespace");
  };
  const auto line = [](std::uint32_t inside, std::uint32_t outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
  };
  if (!is_real_root()) CLARY_RETURN_IF_ERROR(write("/setgroups", "deny"));
  CLARY_RETURN_IF_ERROR(write("/gid_map", line(map.inside_gid, map.outside_gid)));
  return write("/uid_map", line(map.inside_uid, map.outside_uid));
}

bool read_word(int from, char& word) {
  return readable_within(from, kMakeNamespaceTimeout) && ::read(from, &word, 1) == 1;
}

Result<Fd> name_namespace(pid_t holder, int ready, int told, const IdMap& map) {
  char word = 0;
  if (!read_word(ready, word)) return internal_error("make a user namespace: its process ended");
  if (word != '\0') return with_mend(system_error("make a user namespace", word));
  const std::string proc = "/proc/" + std::to_string(holder);
  if (const Status written = write_maps(proc, map); !written.ok())
    return with_mend(written.error());
  CLARY_TRY(Fd found, open_file(proc + "/ns/user", O_RDONLY));
  if (::write(told, "m", 1) != 1 || !read_word(ready, word)) {
    return internal_error("make a user namespace: its process ended");
  }
  return found;
}

}  // namespace

bool is_real_root() {
  if (::geteuid() != 0) return false;
  const Result<std::string> map = read_file("/proc/self/uid_map");
  if (!map.ok() || map->find("4294967295") == std::string::npos) return false;
  const Result<std::string> status = read_file("/proc/self/status");
  if (!status.ok()) return false;
  const std::size_t line = status->find("CapEff:");
  if (line == std::string::npos) return false;
  const unsigned long long capabilities = std::strtoull(status->c_str() + line + 7, nullptr, 16);
  return ((capabilities >> kCapSysAdmin) & 1U) != 0;
}

Result<Fd> make_user_namespace(const IdMap& map) {
  CLARY_TRY(Pipe ready, make_pipe());
  CLARY_TRY(Pipe told, make_pipe());
  const pid_t holder = ::fork();
  if (holder < 0) return system_error("fork");
  if (holder == 0) {
    ::close(ready.reader.get());
    ::close(told.writer.get());
    hold_namespace(ready.writer.get(), told.reader.get());
  }
  ready.writer.close();
  told.reader.close();
  Result<Fd> made = name_namespace(holder, ready.reader.get(), told.writer.get(), map);
  ::kill(holder, SIGKILL);
  while (::waitpid(holder, nullptr, 0) < 0 && errno == EINTR) {
  }
  return made;
}

}  // namespace clary::compute
