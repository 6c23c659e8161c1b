#include "host/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

namespace clary::host {
namespace {

// As long as AWS lets a script end after its SIGTERM; who stops a machine does not wait for longer.
constexpr Duration kStoppedPatience = std::chrono::seconds(120);

}  // namespace

bool ServerPatience::is_over() {
  const Duration now = clock_.steady();
  if (stop_.requested() && !stop_seen_) {
    stop_seen_ = true;
    until_ = std::min(until_, now + kStoppedPatience);
  }
  return now >= until_;
}

void StopSignal::request(std::optional<Duration> grace) {
  const MutexLock lock(mutex_);
  if (requested_) return;
  grace_ = grace;
  requested_ = true;
}

std::optional<Duration> StopSignal::grace() const {
  const MutexLock lock(mutex_);
  return grace_;
}

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(StopSignal& stop) {
  std::unique_ptr<SignalWatch> watch(new SignalWatch(stop));
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&watched, number);
  ::pthread_sigmask(SIG_BLOCK, &watched, &watch->before_);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &watch->pipe_before_);
  watch->signals_ = Fd(::signalfd(-1, &watched, SFD_CLOEXEC));
  watch->wake_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!watch->signals_.valid() || !watch->wake_.valid()) return system_error("watch signals");
  watch->thread_ = std::thread([raw = watch.get()] { raw->run(); });
  return watch;
}

SignalWatch::~SignalWatch() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) == sizeof one) thread_.join();
  }
  ::sigaction(SIGPIPE, &pipe_before_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SignalWatch::run() {
  std::array<pollfd, 2> watched = {pollfd{signals_.get(), POLLIN, 0},
                                   pollfd{wake_.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo != SIGHUP) stop_.request(std::nullopt);
  }
}

}  // namespace clary::host
