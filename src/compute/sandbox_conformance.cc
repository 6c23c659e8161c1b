#include "compute/sandbox_conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/files.h"
#include "compute/user_namespace.h"

namespace clary::compute {

using std::chrono::seconds;

void SandboxFixture::SetUp() {
  folder_ = testing::TempDir() + "sandbox.XXXXXX";
  ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  // An unprivileged job must reach its folder where nothing hides the machine's paths.
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  spec_.folder = folder_ + "/own";
  spec_.job_folder = folder_ + "/ml";
  spec_.hosts = {"algo-1"};
  if (is_real_root()) spec_.run_as_uid = 65534;
  ASSERT_TRUE(make_folders(spec_.job_folder).ok());
  ASSERT_TRUE(make_folders(folder_ + "/channel").ok());
  write(folder_ + "/channel/data.csv", "1,2\n");
  spec_.overlays = {{folder_ + "/channel", "/opt/ml/input/data/train"}};
}

void SandboxFixture::TearDown() {
  if (sandbox_ != nullptr) {
    EXPECT_TRUE(sandbox_->destroy().ok());
  }
  sandbox_.reset();
  EXPECT_TRUE(remove_tree(folder_).ok());
}

void SandboxFixture::write(const std::string& path, const std::string& text) {
  ASSERT_TRUE(write_file_atomically(path, text).ok());
}

std::unique_ptr<SandboxedProcess> SandboxFixture::start(const std::string& script) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  output_ = Fd(ends[0]);
  output_writer_ = Fd(ends[1]);
  Result<std::unique_ptr<SandboxedProcess>> process =
      sandbox_->spawn({.argv = {"bash", "-c", script},
                       .environment = environment_,
                       .working_folder = working_folder_,
                       .stdout_fd = output_writer_.get(),
                       .stderr_fd = output_writer_.get()});
  EXPECT_TRUE(process.ok()) << process.error().message;
  if (!process.ok()) return nullptr;
  return std::move(process).value();
}

ExitStatus SandboxFixture::end_of(SandboxedProcess& process) {
  const auto ended = process.wait(seconds(10));
  EXPECT_TRUE(ended.ok() && ended->has_value());
  return ended.ok() ? ended->value_or(ExitStatus{-1}) : ExitStatus{-1};
}

std::string SandboxFixture::output_until(const std::string& stop) {
  output_writer_.close();
  std::string text;
  std::array<char, 4096> piece{};
  while (stop.empty() || text.find(stop) == std::string::npos) {
    pollfd wait{output_.get(), POLLIN, 0};
    if (::poll(&wait, 1, 10'000) <= 0) {
      ADD_FAILURE() << "nothing more was printed, and a process still could; so far: " << text;
      break;
    }
    const ssize_t got = ::read(output_.get(), piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

SandboxFixture::Run SandboxFixture::run(const std::string& script) {
  const auto process = start(script);
  if (process == nullptr) return {{-1}, ""};
  Run run;
  run.output = output_until("");
  run.status = end_of(*process);
  return run;
}

void SandboxConformance::SetUp() {
  SandboxFixture::SetUp();
  sandbox_ = GetParam().make();
  const Status prepared = sandbox_->prepare(spec_);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SandboxConformance);

TEST_P(SandboxConformance, ReportsTheExitCode) {
  EXPECT_EQ(run("exit 0").status.code, 0);
  EXPECT_EQ(run("exit 37").status.code, 37);
  EXPECT_EQ(run("exit 143").status.signal, 0);
}

TEST_P(SandboxConformance, ReportsTheSignal) {
  const ExitStatus status = run("kill -SEGV $$").status;
  EXPECT_EQ(status.signal, SIGSEGV);
  EXPECT_EQ(status.code, 0);
  EXPECT_FALSE(status.out_of_memory);
}

TEST_P(SandboxConformance, ASignalReachesTheScriptItself) {
  const auto process =
      start("trap 'echo caught; exit 7' TERM; sleep 1000 > /dev/null 2>&1 & echo ready; wait");
  output_until("ready");
  ASSERT_TRUE(process->signal(SIGTERM).ok());
  EXPECT_EQ(output_until("caught").substr(0, 6), "caught");
  EXPECT_EQ(end_of(*process).code, 7);
}

TEST_P(SandboxConformance, WaitReturnsNothingWhileItRuns) {
  const auto process = start("read -r _ < <(sleep 1000)");
  EXPECT_FALSE(process->wait(Duration(0)).value().has_value());
  EXPECT_GT(process->pid(), 0);
  ASSERT_TRUE(process->kill_all().ok());
  EXPECT_EQ(end_of(*process).signal, SIGKILL);
  EXPECT_EQ(end_of(*process).signal, SIGKILL);
}

TEST_P(SandboxConformance, EndsAScriptThatIgnoresSignals) {
  const auto process = start("trap '' TERM INT HUP; echo ready; while :; do sleep 1000; done");
  output_until("ready");
  ASSERT_TRUE(process->signal(SIGTERM).ok());
  ASSERT_TRUE(process->kill_all().ok());
  EXPECT_EQ(end_of(*process).signal, SIGKILL);
  output_until("");
}

TEST_P(SandboxConformance, EndsWhatTheScriptLeftBehind) {
  const auto process = start(
      "for i in 1 2 3; do setsid bash -c '(sleep 1000 &) ; sleep 1000' & done; echo ready; exit 5");
  output_until("ready");
  EXPECT_EQ(end_of(*process).code, 5);
  ASSERT_TRUE(process->kill_all().ok());
  output_until("");  // fails when one of them still holds the pipe
}

TEST_P(SandboxConformance, RunsSeveralProcesses) {
  const auto first = start("echo ready; sleep 1000");
  output_until("ready");
  EXPECT_EQ(run("exit 3").status.code, 3);
  EXPECT_FALSE(first->wait(Duration(0)).value().has_value());
  ASSERT_TRUE(first->kill_all().ok());
  EXPECT_EQ(end_of(*first).signal, SIGKILL);
  EXPECT_EQ(run("exit 4").status.code, 4);
}

TEST_P(SandboxConformance, GivesTheEnvironmentThatWasAskedFor) {
  environment_.emplace_back("SM_HP_NAME", "a b=\"c\"\nd");
  const Run printed = run("printf '%s|' \"$SM_HP_NAME\"; env | grep -c '^HOME='");
  EXPECT_EQ(printed.output, "a b=\"c\"\nd|0\n");
}

TEST_P(SandboxConformance, WritesIntoTheJobFolderStay) {
  const std::string root = sandbox_->job_root();
  EXPECT_EQ(run("mkdir -p " + root + "/model && echo weights > " + root + "/model/m && pwd").output,
            root + "\n");
  EXPECT_EQ(read_file(spec_.job_folder + "/model/m").value(), "weights\n");
}

TEST_P(SandboxConformance, AScriptMayWriteIntoItsChannel) {
  const std::string train = sandbox_->job_root() + "/input/data/train";
  const Run written = run("cd " + train +
                          " && cat data.csv && echo 3,4 >> data.csv && echo x > new && cat "
                          "data.csv && mv data.csv moved"
                          " && mkdir sub && rm moved && ls");
  EXPECT_EQ(written.output, "1,2\n1,2\n3,4\nnew\nsub\n");
  EXPECT_EQ(read_file(folder_ + "/channel/data.csv").value(), "1,2\n");
  EXPECT_EQ(list_folder(folder_ + "/channel").value(), std::vector<std::string>{"data.csv"});
}

TEST_P(SandboxConformance, AScriptMayDeleteItsWorkingFolder) {
  ASSERT_TRUE(make_folders(spec_.job_folder + "/code").ok());
  working_folder_ = "/opt/ml/code";
  EXPECT_EQ(run("rm -rf \"$PWD\"; exit 9").status.code, 9);
}

TEST_P(SandboxConformance, NamesAProgramThatIsNotThere) {
  const auto spawned = sandbox_->spawn({.argv = {"no-such-program"}, .environment = environment_});
  ASSERT_FALSE(spawned.ok());
  EXPECT_EQ(spawned.error().code, ErrorCode::kNotFound);
  EXPECT_NE(spawned.error().message.find("no-such-program"), std::string::npos);
}

TEST_P(SandboxConformance, AScriptWhoseInterpreterIsNotThereIsThere) {
  const std::string script = spec_.job_folder + "/run.sh";
  ASSERT_TRUE(write_file_atomically(script, "#!/no/such/shell\n", 0755).ok());
  const auto spawned =
      sandbox_->spawn({.argv = {sandbox_->job_root() + "/run.sh"}, .environment = environment_});
  ASSERT_FALSE(spawned.ok());
  EXPECT_EQ(spawned.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(spawned.error().message,
            "start '" + sandbox_->job_root() +
                "/run.sh': the program that its first line names (or its loader) is not there");
}

// Only root gives the job's files to the job's user.
TEST_P(SandboxConformance, AJobFolderThatIsGoneIsNoCommandThatIsNotThere) {
  ASSERT_TRUE(remove_tree(spec_.job_folder).ok());
  const auto spawned = sandbox_->spawn(
      {.argv = {"true"}, .environment = environment_, .working_folder = "/opt/ml/code"});
  ASSERT_FALSE(spawned.ok());
  EXPECT_EQ(spawned.error().code, ErrorCode::kInternal) << spawned.error().message;
}

TEST_P(SandboxConformance, DoesNotGiveAwayDescriptors) {
  const Fd secret = open_file(folder_ + "/channel/data.csv", O_RDONLY).value();
  const int open_one = ::dup(secret.get());                  // not close-on-exec
  EXPECT_EQ(run("ls /proc/self/fd | wc -l").output, "4\n");  // 0, 1, 2 and the folder that ls reads
  ::close(open_one);
}

TEST_P(SandboxConformance, DestroyEndsEverything) {
  const auto process = start("echo ready; setsid sleep 1000 & sleep 1000");
  output_until("ready");
  ASSERT_TRUE(sandbox_->destroy().ok());
  output_until("");
}

}  // namespace clary::compute
