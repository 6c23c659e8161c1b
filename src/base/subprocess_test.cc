#include "base/subprocess.h"

#include <gtest/gtest.h>

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
