#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/child_start.h"
#include "base/fd.h"
#include "base/open_files.h"
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

int wait_for(pid_t child) {
  int state = 0;
  while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
}

// What the child says by a pipe that exec closes: errno of what failed.
[[noreturn]] void exit_failed(int word) {
  const int failure = errno;
  static_cast<void>(!::write(word, &failure, sizeof(failure)));
  ::_exit(127);
}

// Made before the fork: between it and exec there are system calls only.
struct Prepared {
  const SubprocessOptions& options;
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::array<int, 2> outputs;  // standard output, standard error
  int word;
};

[[noreturn]] void run_child(const Prepared& prepared) {
  const SubprocessOptions& options = prepared.options;
  ::setpgid(0, 0);
  if (!set_standard_streams({-1, prepared.outputs[0], prepared.outputs[1]}))
    exit_failed(prepared.word);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) exit_failed(prepared.word);
  limit_open_files(options.open_files);
  reset_signals();
  ::execvpe(prepared.argv[0], prepared.argv.data(),
            options.environment ? prepared.environment.data() : environ);
  exit_failed(prepared.word);
}

Error not_done(const SubprocessOptions& options) {
  return timed_out("'" + join(options.command, " ") + "': not done within " +
                   format_duration(options.timeout));
}

Result<pid_t> spawn(const SubprocessOptions& options, const Fd& output, const Fd& errors) {
  CLARY_TRY(Pipe words, make_word_pipe());
  Prepared prepared{.options = options,
                    .argv = pointers(options.command),
                    .environment = {},
                    .outputs = {output.get(), errors.get()},
                    .word = words.writer.get()};
  if (options.environment) prepared.environment = pointers(*options.environment);
  const pid_t child = fork_with_signals_blocked();
  if (child == 0) run_child(prepared);
  if (child < 0) return system_error("'" + options.command[0] + "': start");
  words.writer.close();
  // A folder or a program on a file system that does not answer.
  if (!readable_within(words.reader.get(), options.timeout)) {
    kill(child, SIGKILL);
    wait_for(child);
    return not_done(options);
  }
  int failure = 0;
  ssize_t got = 0;
  do {
    got = ::read(words.reader.get(), &failure, sizeof(failure));
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof(failure))) return child;
  wait_for(child);
  return system_error("'" + options.command[0] + "': start", failure);
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
  CLARY_TRY(const pid_t child, spawn(options, output.writer, errors.writer));
  output.writer.close();
  errors.writer.close();
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));

  SubprocessResult result;
  bool ended = false;
  while (!ended) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) {
      kill(-child, SIGKILL);
      wait_for(child);
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
