#include "base/child_start.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace clary {
namespace {

constexpr int kAboveStandard = 10;  // dup2 to 0, 1 and 2 does not reach these numbers

}  // namespace

Result<Pipe> make_word_pipe() {
  CLARY_TRY(Pipe words, make_pipe());
  CLARY_TRY(words.writer, duplicate_above_standard(words.writer.get()));
  return words;
}

Result<Fd> duplicate_above_standard(int descriptor) {
  Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, kAboveStandard));
  if (!copy.valid()) return system_error("copy a descriptor");
  return copy;
}

pid_t fork_with_signals_blocked() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) return child;
  const int failure = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = failure;
  return child;
}

bool set_standard_streams(const std::array<int, 3>& given) {
  std::array<int, 3> sources{};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const int source = given[i] >= 0 ? given[i] : ::open("/dev/null", O_RDWR | O_CLOEXEC);
    sources[i] = ::fcntl(source, F_DUPFD_CLOEXEC, kAboveStandard);
    if (sources[i] < 0) return false;
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (::dup2(sources[i], static_cast<int>(i)) < 0) return false;
  }
  return true;
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace clary
