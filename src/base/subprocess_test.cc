#include "base/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/files.h"
#include "base/pipe.h"
#include "base/temporary_folder.h"

namespace clary {
namespace {

SubprocessOptions shell(const std::string& script) { return {.command = {"sh", "-c", script}}; }

TEST(Subprocess, KeepsBothStreamsAndTheExitCode) {
  const auto result = run_subprocess(shell("echo out; echo err >&2; exit 3")).value();
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(run_subprocess(shell("kill -9 $$"))->exit_code, 137);
}

TEST(Subprocess, GivesItsOwnEnvironmentAndFolder) {
  SubprocessOptions options = shell("echo $A; pwd; cat");
  options.command[0] = "/bin/sh";
  options.environment = {"A=b c"};
  options.folder = "/usr";
  EXPECT_EQ(run_subprocess(options)->output, "b c\n/usr\n");
}

TEST(Subprocess, KillsTheWholeGroupWhenTimeIsUp) {
  SubprocessOptions options = shell("sleep 1000 & sleep 1000");
  options.timeout = std::chrono::milliseconds(50);
  const auto result = run_subprocess(options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
}

// While somebody holds a lease of it, a program cannot be opened: as on a file system that does not
// answer.
TEST(Subprocess, WaitsNoLongerForAProgramThatCannotBeOpened) {
  const TemporaryFolder folder;
  const std::string program = folder.path() + "/program";
  ASSERT_TRUE(write_file_atomically(program, "#!/bin/sh\n", 0755).ok());
  const Fd held = open_file(program, O_RDONLY).value();
  const auto before = ::signal(SIGIO, SIG_IGN);  // the holder is told that it is asked for
  if (::fcntl(held.get(), F_SETLEASE, F_WRLCK) != 0) GTEST_SKIP() << "no leases here";
  const auto result =
      run_subprocess({.command = {program}, .timeout = std::chrono::milliseconds(50)});
  ::signal(SIGIO, before);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
}

// The first process of a PID namespace does not end while another one in it is not reaped by its
// parent outside: as one that hangs in the kernel. For the first process of a namespace of its own.
int leave_what_sigkill_does_not_end() {
  const Fd own = open_file("/proc/self/ns/pid", O_RDONLY).value();
  if (::unshare(CLONE_NEWPID) != 0) return 2;
  pid_t unreaped = -1;
  SubprocessOptions options = shell("echo begun; sleep 1000");
  options.timeout = std::chrono::seconds(2);
  options.on_output = [&](std::string_view) {
    unreaped = ::fork();
    while (unreaped == 0) ::pause();
    ::setns(own.get(), CLONE_NEWPID);  // else this process could start no thread
  };
  const auto result = run_subprocess(options);
  if (unreaped < 0) return 3;
  if (result.ok() || result.error().code != ErrorCode::kTimeout) return 4;
  if (::waitpid(unreaped, nullptr, 0) != unreaped) return 5;
  // Now the command ends. When it is reaped, no child is left.
  siginfo_t ended{};
  while (::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) == 0) std::this_thread::yield();
  return errno == ECHILD ? 0 : 6;
}

TEST(Subprocess, WaitsNoLongerForWhatSigkillDoesNotEnd) {
  constexpr int kNoNamespaces = 77;
  const pid_t outer = ::fork();
  if (outer == 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) ::_exit(kNoNamespaces);
    Pipe alive = make_pipe().value();
    const pid_t first = ::fork();
    if (first == 0) ::_exit(leave_what_sigkill_does_not_end());
    alive.writer.close();
    if (!readable_within(alive.reader.get(), std::chrono::seconds(30))) ::kill(first, SIGKILL);
    int state = -1;
    ::waitpid(first, &state, 0);
    ::_exit(WIFEXITED(state) ? WEXITSTATUS(state) : 1);
  }
  int state = -1;
  ASSERT_EQ(::waitpid(outer, &state, 0), outer);
  ASSERT_TRUE(WIFEXITED(state));
  if (WEXITSTATUS(state) == kNoNamespaces) GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

TEST(Subprocess, RunsInAProcessWithoutStandardStreams) {
  const pid_t bare = ::fork();
  if (bare == 0) {
    for (const int stream : {0, 1, 2}) ::close(stream);
    const auto result = run_subprocess(shell("cat; echo out; echo err >&2"));
    const auto absent = run_subprocess({.command = {"/no/such/program"}});
    const bool right = result.ok() && result->output == "out\n" && result->errors == "err\n" &&
                       !absent.ok() && absent.error().code == ErrorCode::kNotFound;
    ::_exit(right ? 0 : 1);
  }
  int state = -1;
  ASSERT_EQ(::waitpid(bare, &state, 0), bare);
  EXPECT_EQ(state, 0);
}

TEST(Subprocess, DoesNotWaitForWhatItsCommandLeftBehind) {
  SubprocessOptions options = shell("sleep 1000 & echo $!");
  options.timeout = std::chrono::seconds(20);
  const auto result = run_subprocess(options).value();
  EXPECT_EQ(run_subprocess(shell("kill " + result.output))->exit_code, 0);
}

TEST(Subprocess, DropsWhatIsOverTheLimit) {
  SubprocessOptions options = shell("head -c 300000 /dev/zero");
  options.output_limit_bytes = 1000;
  std::size_t seen = 0;
  options.on_output = [&](std::string_view piece) { seen += piece.size(); };
  EXPECT_EQ(run_subprocess(options)->output.size(), 1000U);
  EXPECT_EQ(seen, 300'000U);
}

TEST(Subprocess, HasTheLimitOfOpenFilesThatItIsGiven) {
  SubprocessOptions options = shell("ulimit -Sn");
  options.open_files = 123;
  EXPECT_EQ(run_subprocess(options)->output, "123\n");
}

TEST(Subprocess, SaysWhatCannotBeStarted) {
  const auto result = run_subprocess({.command = {"/no/such/program"}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace clary
