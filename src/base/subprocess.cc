#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.h"
#include "base/pipe.h"
#include "base/start_program.h"
#include "base/strings.h"
#include "base/time_text.h"

namespace clary {
namespace {

using SteadyClock = std::chrono::steady_clock;

int wait_for(pid_t child) {
  const int state = wait_for_process(child);
  return WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
}

Error not_done(const SubprocessOptions& options) {
  return timed_out("'" + join(options.command, " ") + "': not done within " +
                   format_duration(options.timeout));
}

// Reads what is there; closes the pipe at its end.
void drain(Fd& pipe, std::string& into, const SubprocessOptions& options) {
  std::array<char, 16384> buffer;
  while (pipe.valid()) {
    const ssize_t count = ::read(pipe.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      pipe.close();
      return;
    }
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    into += piece.substr(
        0, options.output_limit_bytes - std::min(into.size(), options.output_limit_bytes));
    if (options.on_output) options.on_output(piece);
  }
}

}  // namespace

Result<SubprocessResult> run_subprocess(const SubprocessOptions& options) {
  if (options.command.empty()) return invalid_argument("subprocess: no command");
  CLARY_TRY(Pipe output, make_pipe());
  CLARY_TRY(Pipe errors, make_pipe());
  for (const Pipe* pipe : {&output, &errors}) ::fcntl(pipe->reader.get(), F_SETFL, O_NONBLOCK);
  const auto deadline = SteadyClock::now() + options.timeout;
  CLARY_TRY(const pid_t child,
            start_program({.command = options.command,
                           .environment = options.environment,
                           .folder = options.folder,
                           .streams = {-1, output.writer.get(), errors.writer.get()},
                           .open_files = options.open_files,
                           .timeout = options.timeout}));
  output.writer.close();
  errors.writer.close();
  const Fd process = open_process(child);

  SubprocessResult result;
  bool ended = false;
  while (!ended) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) {
      kill(-child, SIGKILL);
      reap_killed_process(child);
      return not_done(options);
    }
    std::array<pollfd, 3> watched = {pollfd{output.reader.get(), POLLIN, 0},
                                     pollfd{errors.reader.get(), POLLIN, 0},
                                     pollfd{process.get(), POLLIN, 0}};
    // Without pidfd (kernels before 5.3) the child is looked after now and then.
    const int pause = process.valid() ? static_cast<int>(std::min<long>(left, 60'000)) : 20;
    ::poll(watched.data(), watched.size(), pause);
    drain(output.reader, result.output, options);
    drain(errors.reader, result.errors, options);
    siginfo_t state{};
    ended = waitid(P_PID, static_cast<id_t>(child), &state, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            state.si_pid == child;
  }
  // A child of the child may hold the pipes open: what has been written by now counts.
  drain(output.reader, result.output, options);
  drain(errors.reader, result.errors, options);
  result.exit_code = wait_for(child);
  return result;
}

}  // namespace clary
