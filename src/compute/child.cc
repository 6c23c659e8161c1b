// The part of launch.h that watches a child.
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "compute/launch.h"

namespace clary::compute {

Result<Fd> open_pid(pid_t pid) {
  Fd opened(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!opened.valid()) return system_error("open process " + std::to_string(pid));
  return opened;
}

Status signal_pid(const Fd& pidfd, int number) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0) == 0 || errno == ESRCH)
    return {};
  return system_error("send signal " + std::to_string(number));
}

Result<Child> Child::start(const Launch& launch) {
  Child child;
  CLARY_TRY(child.pid_, clary::compute::launch(launch));
  // The child is not reaped yet, so its pid is its own.
  CLARY_TRY(child.pidfd_, open_pid(child.pid_));
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      end_(std::exchange(other.end_, std::nullopt)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(end_, other.end_);
  return *this;
}

Child::~Child() {
  if (pid_ <= 0 || end_) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status Child::signal(int number) {
  if (!valid() || end_) return {};
  return signal_pid(pidfd_, number);
}

Result<std::optional<Child::End>> Child::wait(Duration timeout) {
  if (end_) return end_;
  if (!valid()) return invalid_argument("wait for a process that was not started");
  pollfd ended{pidfd_.get(), POLLIN, 0};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  if (::poll(&ended, 1, static_cast<int>(milliseconds)) <= 0) return std::optional<End>();
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) {
    if (errno != EINTR) return system_error("wait for process " + std::to_string(pid_));
  }
  end_ = info.si_code == CLD_EXITED ? End{info.si_status, 0} : End{0, info.si_status};
  return end_;
}

}  // namespace clary::compute
