#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.h"
#include "base/pipe.h"
#include "base/strings.h"
#include "base/time_text.h"

namespace clary {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Result<pid_t> spawn(const SubprocessOptions& options, const Fd& output, const Fd& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);
  if (!options.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));

  const std::vector<char*> argv = pointers(options.command);
  std::vector<char*> own_environment;
  if (options.environment) own_environment = pointers(*options.environment);
  pid_t child = -1;
  const int outcome = posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(),
                                   options.environment ? own_environment.data() : environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (outcome != 0) return system_error("'" + options.command[0] + "': start", outcome);
  return child;
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

int wait_for(pid_t child) {
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
}

}  // namespace

Result<SubprocessResult> run_subprocess(const SubprocessOptions& options) {
  if (options.command.empty()) return invalid_argument("subprocess: no command");
  CLARY_TRY(Pipe output, make_pipe());
  CLARY_TRY(Pipe errors, make_pipe());
  for (const Pipe* pipe : {&output, &errors}) ::fcntl(pipe->reader.get(), F_SETFL, O_NONBLOCK);
  CLARY_TRY(const pid_t child, spawn(options, output.writer, errors.writer));
  output.writer.close();
  errors.writer.close();
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));

  SubprocessResult result;
  const auto deadline = SteadyClock::now() + options.timeout;
  bool ended = false;
  while (!ended) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) {
      kill(-child, SIGKILL);
      wait_for(child);
      return timed_out("'" + join(options.command, " ") + "': not done within " +
                       format_duration(options.timeout));
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
