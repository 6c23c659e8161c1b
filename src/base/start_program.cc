#include "base/start_program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "base/child_start.h"
#include "base/open_files.h"
#include "base/pipe.h"
#include "base/strings.h"
#include "base/time_text.h"

namespace clary {
namespace {

constexpr int kFourth = 3;
constexpr std::chrono::seconds kKilledPatience{1};  // with a child that SIGKILL does not end

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What the child says by a pipe that exec closes: errno of what failed.
[[noreturn]] void exit_failed(int word) {
  const int failure = errno;
  static_cast<void>(!::write(word, &failure, sizeof(failure)));
  ::_exit(127);
}

// Made before the fork: between it and exec there are system calls only.
struct Prepared {
  const ProgramStart& start;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int fourth;  // above the standard streams
  int word;
};

[[noreturn]] void run_child(const Prepared& prepared) {
  const ProgramStart& start = prepared.start;
  ::setpgid(0, 0);
  if (!set_standard_streams(start.streams)) exit_failed(prepared.word);
  if (prepared.fourth >= 0 && ::dup2(prepared.fourth, kFourth) < 0) exit_failed(prepared.word);
  if (!start.folder.empty() && ::chdir(start.folder.c_str()) != 0) exit_failed(prepared.word);
  limit_open_files(start.open_files);
  reset_signals();
  ::execvpe(prepared.argv[0], prepared.argv.data(),
            start.environment ? prepared.environment.data() : environ);
  exit_failed(prepared.word);
}

}  // namespace

int wait_for_process(pid_t pid) {
  int state = 0;
  while (::waitpid(pid, &state, 0) < 0 && errno == EINTR) {
  }
  return state;
}

Fd open_process(pid_t child) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0))); }

void reap_killed_process(pid_t child) {
  const Fd process = open_process(child);
  if (process.valid() && readable_within(process.get(), kKilledPatience)) {
    wait_for_process(child);
    return;
  }
  try {
    std::thread(wait_for_process, child).detach();
  } catch (const std::system_error&) {
    // No thread is to be had: it stays a zombie until this process ends.
  }
}

Result<pid_t> start_program(const ProgramStart& start) {
  if (start.command.empty()) return invalid_argument("start a program: no command");
  CLARY_TRY(Pipe words, make_word_pipe());
  Fd fourth;
  if (start.fourth >= 0) {
    CLARY_TRY(fourth, duplicate_above_standard(start.fourth));
  }
  Prepared prepared{.start = start,
                    .argv = pointers(start.command),
                    .environment = {},
                    .fourth = fourth.get(),
                    .word = words.writer.get()};
  if (start.environment) prepared.environment = pointers(*start.environment);
  const pid_t child = fork_with_signals_blocked();
  if (child == 0) run_child(prepared);
  if (child < 0) return system_error("'" + start.command[0] + "': start");
  words.writer.close();
  if (!readable_within(words.reader.get(), start.timeout)) {
    ::kill(child, SIGKILL);
    reap_killed_process(child);
    return timed_out("'" + join(start.command, " ") + "': not started within " +
                     format_duration(start.timeout));
  }
  int failure = 0;
  ssize_t got = 0;
  do {
    got = ::read(words.reader.get(), &failure, sizeof(failure));
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof(failure))) return child;
  wait_for_process(child);
  return system_error("'" + start.command[0] + "': start", failure);
}

}  // namespace clary
