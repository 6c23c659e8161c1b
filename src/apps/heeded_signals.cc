#include "apps/heeded_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace clary::apps {
namespace {

bool has_terminal() {
  const Fd terminal(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC));
  return terminal.valid() || errno != ENXIO;
}

}  // namespace

pid_t shell_at_terminal() {
  struct sigaction hangup{};
  ::sigaction(SIGHUP, nullptr, &hangup);
  return has_terminal() && hangup.sa_handler != SIG_IGN ? ::getppid() : 0;
}

Fd heeded_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGHUP);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

Heeded next_signal(const Fd& signals, pid_t shell) {
  signalfd_siginfo signal{};
  pollfd ready{signals.get(), POLLIN, 0};
  while (::poll(&ready, 1, -1) <= 0) {
  }
  if (::read(signals.get(), &signal, sizeof signal) != sizeof signal) return Heeded::kEnd;
  const bool of_shell = shell != 0 && static_cast<pid_t>(signal.ssi_pid) == shell;
  if (of_shell && !has_terminal()) return Heeded::kEnd;
  const bool sent = signal.ssi_signo == SIGHUP && signal.ssi_code == SI_USER;
  return sent ? Heeded::kSentHangup : Heeded::kEnd;
}

bool wait_for_signal_or(const Fd& signals, const Fd& other) {
  std::array<pollfd, 2> watched = {pollfd{signals.get(), POLLIN, 0},
                                   pollfd{other.get(), POLLIN, 0}};
  while (::poll(watched.data(), watched.size(), -1) <= 0) {
  }
  return watched[0].revents != 0;
}

}  // namespace clary::apps
