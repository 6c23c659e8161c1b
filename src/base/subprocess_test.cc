#include "base/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
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
