#include "compute/local_backend.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "base/files.h"
#include "base/strings.h"
#include "base/temporary_folder.h"
#include "compute/backend_conformance.h"
#include "compute/gang_files.h"
#include "compute/launch.h"
#include "compute/test_changes.h"

namespace clary::compute {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kOpenFiles = 321;
constexpr Resources kMachineWithoutGpus{.cores = 8, .memory_bytes = 8ULL << 30, .gpus = 0};

std::string script_of(Conduct conduct) {
  switch (conduct) {
    case Conduct::kEndsWell:
      return "exit 0";
    case Conduct::kEndsWithThree:
      return "exit 3";
    case Conduct::kRunsUntilStopped:
      return "trap 'kill %1; exit 0' TERM; sleep 1000 & wait";
  }
  return "";
}

class LocalUnderTest final : public BackendUnderTest {
 public:
  LocalUnderTest() { reopen(); }

  ComputeBackend& backend() override { return *backend_; }
  void reopen() override { reopen(program_path()); }
  void reopen(const std::string& path) {
    backend_.reset();
    LocalBackendOptions options{.gangs_folder = folder_.path(),
                                .machine = kMachineWithoutGpus,
                                .path = path,
                                .open_files = kOpenFiles};
    backend_ = std::move(open_local_backend(std::move(options), clock_, silent_logger())).value();
  }
  void advance(Duration by) { clock_.advance(by); }
  GangSpec gang(const std::string& id, Conduct conduct) override {
    return gang_that(id, script_of(conduct));
  }
  int starts(const GangId& gang) override {
    const GangHandle handle{"local", 1, "{\"gang\":\"" + gang.value() + "\"}"};
    int count = 0;
    // A gang that is starting counts only once its program runs.
    EXPECT_TRUE(comes([&] {
      const std::string lines =
          read_file(folder_.path() + "/" + gang.value() + "/starts").value_or("");
      count = static_cast<int>(std::count(lines.begin(), lines.end(), '\n'));
      return count > 0 || backend_->inspect(handle).value().state != GangState::kRunning;
    }));
    return count;
  }
  bool wait_for_change() override { return changes_.wait(); }
  // Whether it is so, or comes to be so.
  bool comes(const std::function<bool()>& is_so) {
    while (!is_so()) {
      if (!wait_for_change()) return false;
    }
    return true;
  }

  GangSpec gang_that(const std::string& id, const std::string& script, Resources wants = {}) {
    const std::string folder = folder_.path() + "/" + id;
    clock_.advance(Duration(1));  // gangs wait in the order of their submission
    const std::string counted = "echo x >> " + folder + "/starts; " + script;
    return {.id = GangId(id),
            .folder = folder,
            .hosts = {{"algo-1", {"/bin/bash", "-c", counted}, wants}}};
  }

 private:
  TemporaryFolder folder_;
  TestChanges changes_{folder_.path()};
  ManualClock clock_;
  std::unique_ptr<ComputeBackend> backend_;
};

std::unique_ptr<BackendUnderTest> make_local() { return std::make_unique<LocalUnderTest>(); }
INSTANTIATE_TEST_SUITE_P(Local, BackendConformance, backends_of(&make_local));

class LocalBackendTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const GangHandle& handle : handles_) EXPECT_TRUE(local_.backend().remove(handle).ok());
  }
  GangHandle submit(const std::string& id, const std::string& script, Resources wants = {}) {
    specs_.push_back(local_.gang_that(id, script, wants));
    handles_.push_back(local_.backend().submit(specs_.back()).value());
    return handles_.back();
  }
  GangStatus status(const GangHandle& handle) { return local_.backend().inspect(handle).value(); }
  bool comes_to(const GangHandle& handle, GangState state) {
    return local_.comes([&] { return status(handle).state == state; });
  }
  bool runs(const GangHandle& handle) {
    return local_.comes(
        [&] { return program().pid > 0 && status(handle).state == GangState::kRunning; });
  }
  ProcessMark program() { return read_host(specs_.back().folder, "algo-1").program; }

  LocalUnderTest local_;
  std::vector<GangSpec> specs_;
  std::vector<GangHandle> handles_;
};

constexpr const char* kForever = "exec sleep 1000";

TEST_F(LocalBackendTest, AHostThatWasKilledIsLost) {
  const GangHandle handle = submit("g", kForever);
  ASSERT_TRUE(runs(handle));
  ASSERT_EQ(::kill(program().pid, SIGKILL), 0);
  ASSERT_TRUE(comes_to(handle, GangState::kLost));
  EXPECT_EQ(status(handle).reason, "host 'algo-1' was ended by signal 9");
}

TEST_F(LocalBackendTest, AHostWhoseWaiterIsGoneTooIsLost) {
  const GangHandle handle = submit("g", kForever);
  ASSERT_TRUE(runs(handle));
  const HostFiles files = read_host(specs_.back().folder, "algo-1");
  ASSERT_EQ(::kill(files.waiter.pid, SIGKILL), 0);
  EXPECT_EQ(status(handle).state, GangState::kRunning);
  ASSERT_EQ(::kill(files.program.pid, SIGKILL), 0);
  ASSERT_TRUE(comes_to(handle, GangState::kLost));
  EXPECT_EQ(status(handle).reason, "host 'algo-1' is gone without a word");
}

TEST_F(LocalBackendTest, AGangIsLostAfterAReboot) {
  const GangHandle handle = submit("g", kForever);
  ASSERT_TRUE(runs(handle));
  const std::string file = backend_folder(specs_.back().folder) + "/algo-1.pid";
  const std::string marks = read_file(file).value();
  ASSERT_TRUE(write_file_atomically(file, replace_all(marks, current_boot(), "another-boot")).ok());
  local_.reopen();
  EXPECT_EQ(status(handle).state, GangState::kLost);
  EXPECT_EQ(status(handle).reason, "host 'algo-1' was lost when the machine restarted");
  ASSERT_TRUE(write_file_atomically(file, marks).ok());  // so that it is ended with the test
  local_.reopen();
}

TEST_F(LocalBackendTest, APidThatIsUsedAgainIsNotSignalled) {
  const GangHandle handle = submit("g", kForever);
  ASSERT_TRUE(runs(handle));
  ProcessMark other = program();
  EXPECT_TRUE(is_running(other));
  ++other.start_ticks;
  EXPECT_FALSE(is_running(other));
}

TEST_F(LocalBackendTest, AHostRunsOnceHoweverOftenItIsStarted) {
  const GangHandle handle = submit("g", "exit 0");
  ASSERT_TRUE(comes_to(handle, GangState::kEnded));
  std::string command;
  for (const std::string& word : once_command(specs_.back().folder, specs_.back().hosts[0]))
    command += shell_quote(word) + " ";
  ASSERT_EQ(::system(command.c_str()), 0);
  EXPECT_EQ(local_.starts(GangId("g")), 1);
}

TEST_F(LocalBackendTest, GangsWaitForTheirTurn) {
  const GangHandle first = submit("a", kForever, {.cores = 6});
  const GangHandle second = submit("b", kForever, {.cores = 4});
  const GangHandle third = submit("c", kForever, {.cores = 1});
  ASSERT_TRUE(comes_to(first, GangState::kRunning));
  EXPECT_EQ(status(second).state, GangState::kQueued);
  EXPECT_EQ(status(second).reason, "waits for 2 of 4 cores");
  EXPECT_EQ(status(third).state, GangState::kQueued);
  local_.reopen();
  EXPECT_EQ(status(second).state, GangState::kQueued);
  ASSERT_TRUE(local_.backend().remove(first).ok());
  EXPECT_TRUE(comes_to(second, GangState::kRunning));
  EXPECT_TRUE(comes_to(third, GangState::kRunning));
}

TEST_F(LocalBackendTest, AHigherPriorityWaitsBeforeALowerOne) {
  const GangHandle first = submit("a", kForever, {.cores = 6});
  const GangHandle low = submit("b", kForever, {.cores = 6});
  specs_.push_back(local_.gang_that("c", kForever, {.cores = 6}));
  specs_.back().priority = 5;
  const GangHandle high = local_.backend().submit(specs_.back()).value();
  handles_.push_back(high);
  local_.reopen();
  ASSERT_TRUE(comes_to(first, GangState::kRunning));
  ASSERT_TRUE(local_.backend().remove(first).ok());
  EXPECT_TRUE(comes_to(high, GangState::kRunning));
  EXPECT_EQ(status(low).state, GangState::kQueued);
}

TEST_F(LocalBackendTest, WhatWasAskedForFirstComesFirstHoweverLateItIsSubmitted) {
  const GangHandle first = submit("a", kForever, {.cores = 6});
  for (const auto& [id, asked] : {std::pair{"b", seconds(8)}, std::pair{"c", seconds(7)}}) {
    specs_.push_back(local_.gang_that(id, kForever, {.cores = 6}));
    specs_.back().asked = TimePoint(asked);
    handles_.push_back(local_.backend().submit(specs_.back()).value());
  }
  local_.reopen();
  ASSERT_TRUE(comes_to(first, GangState::kRunning));
  ASSERT_TRUE(local_.backend().remove(first).ok());
  EXPECT_TRUE(comes_to(handles_[2], GangState::kRunning));
  EXPECT_EQ(status(handles_[1]).state, GangState::kQueued);
}

TEST_F(LocalBackendTest, AGangThatEndsMakesRoomByItself) {
  const GangHandle first = submit("a", "mkfifo end; read -r _ < end", {.cores = 8});
  const std::string end = backend_folder(specs_.back().folder) + "/end";
  const GangHandle second = submit("b", kForever, {.cores = 8});
  EXPECT_EQ(status(second).state, GangState::kQueued);
  ASSERT_TRUE(local_.comes([&] { return exists(end); }));
  ASSERT_TRUE(open_file(end, O_WRONLY).ok());  // once it reads, which ends with this
  EXPECT_TRUE(comes_to(second, GangState::kRunning));
  EXPECT_EQ(status(first).state, GangState::kEnded);
}

TEST_F(LocalBackendTest, AStopInTheQueueIsAnEndWithoutAnExitCode) {
  submit("a", kForever, {.cores = 8});
  const GangHandle waiting = submit("b", kForever, {.cores = 8});
  ASSERT_TRUE(local_.backend().stop(waiting, seconds(1)).ok());
  EXPECT_EQ(status(waiting).state, GangState::kEnded);
  EXPECT_FALSE(status(waiting).exit_code.has_value());
  EXPECT_EQ(local_.starts(GangId("b")), 0);
}

TEST_F(LocalBackendTest, AStopRightAfterTheSubmitIsNotMissed) {
  const GangHandle handle = submit("g", kForever);
  ASSERT_TRUE(local_.backend().stop(handle, seconds(1)).ok());
  EXPECT_TRUE(comes_to(handle, GangState::kEnded));
}

TEST_F(LocalBackendTest, AStopGoesToTheHostProgramOnly) {
  const GangHandle handle = submit(
      "g",
      "trap '' TERM; mkfifo never; setsid bash -c 'trap \"echo child >> said\" TERM; while :; do "
      "read -r _ <> never; done' & "
      "trap 'echo host >> said; kill -9 $!; exit 0' TERM; echo ready > ready; wait");
  ASSERT_TRUE(runs(handle));
  const std::string folder = backend_folder(specs_.back().folder);
  ASSERT_TRUE(local_.comes([&] { return exists(folder + "/ready"); }));
  ASSERT_TRUE(local_.backend().stop(handle, seconds(1)).ok());
  ASSERT_TRUE(comes_to(handle, GangState::kEnded));
  EXPECT_EQ(read_file(folder + "/said").value(), "host\n");
}

TEST_F(LocalBackendTest, RemoveLeavesNoProcessBehind) {
  const GangHandle handle = submit("g", "sleep 1000 & sleep 1001 & echo $! > last; wait");
  ASSERT_TRUE(runs(handle));
  const std::string file = backend_folder(specs_.back().folder) + "/last";
  ASSERT_TRUE(local_.comes([&] { return !read_file(file).value_or("").empty(); }));
  const auto last = parse_int(trim(read_file(file).value()));
  ASSERT_TRUE(last.has_value());
  const Fd process = open_pid(static_cast<pid_t>(*last)).value();
  ASSERT_TRUE(local_.backend().remove(handle).ok());
  EXPECT_TRUE(has_ended(process));
}

TEST_F(LocalBackendTest, AGangThatIsSlowToEndKeepsNoOtherWaiting) {
  const GangHandle slow = submit("slow", kForever);
  ASSERT_TRUE(runs(slow));
  const HostFiles files = read_host(specs_.back().folder, "algo-1");
  const GangHandle other = submit("other", kForever);
  ASSERT_TRUE(runs(other));
  const Fd process = open_pid(files.program.pid).value();
  ASSERT_EQ(::kill(files.waiter.pid, SIGSTOP), 0);  // it cannot note the end, so remove() waits
  Status removed;
  std::thread removing([&] { removed = local_.backend().remove(slow); });
  EXPECT_TRUE(has_ended(process));
  EXPECT_EQ(status(other).state, GangState::kRunning);
  EXPECT_TRUE(local_.backend().stop(other, seconds(1)).ok());
  EXPECT_EQ(::kill(files.waiter.pid, SIGCONT), 0);
  removing.join();
  EXPECT_TRUE(removed.ok()) << "the others waited until it gave up: " << removed.error().message;
}

TEST_F(LocalBackendTest, AGangIsKeptToTheCoresItWasGranted) {
  const std::vector<int> all = usable_cpus();
  const char* const script = "nproc; grep Cpus_allowed_list /proc/self/status; exec sleep 1000";
  submit("a", script, {.cores = 1});
  submit("b", script, {.cores = 1});
  const auto said = [&](const GangSpec& gang) {
    const auto text = [&] { return read_file(host_log(gang.folder, "algo-1")).value_or(""); };
    EXPECT_TRUE(local_.comes([&] { return split(text(), '\n').size() >= 3; }));
    return text();
  };
  const auto line = [](int cpu) { return "1\nCpus_allowed_list:\t" + std::to_string(cpu) + "\n"; };
  EXPECT_EQ(said(specs_[0]), line(all[0]));
  if (all.size() > 1) {
    EXPECT_EQ(said(specs_[1]), line(all[1])) << "another one";
  }
}

TEST_F(LocalBackendTest, AHostHasTheLimitOfOpenFilesThatItIsGiven) {
  const GangHandle handle = submit("g", "ulimit -Sn");
  ASSERT_TRUE(comes_to(handle, GangState::kEnded));
  EXPECT_EQ(read_file(host_log(specs_.back().folder, "algo-1")).value(),
            std::to_string(kOpenFiles) + "\n");
}

TEST_F(LocalBackendTest, WhatAHostPrintsIsKept) {
  const GangHandle handle = submit("g", "echo out; echo err >&2");
  ASSERT_TRUE(comes_to(handle, GangState::kEnded));
  EXPECT_EQ(read_file(host_log(specs_.back().folder, "algo-1")).value(), "out\nerr\n");
}

TEST_F(LocalBackendTest, WhereAProgramThatStartsHostsIsMissingNothingWaits) {
  local_.reopen("/nowhere");
  const GangHandle handle = submit("g", "exit 0");
  EXPECT_EQ(status(handle).state, GangState::kRefused);
  EXPECT_EQ(status(handle).reason,
            "it cannot be started: the program 'rm' is in no folder of PATH (/nowhere); run: "
            "apt-get install coreutils");
  local_.reopen();
  EXPECT_TRUE(comes_to(handle, GangState::kEnded)) << "a server that finds it starts the gang";
}

TEST_F(LocalBackendTest, AStartThatComesToNothingIsSaidTheThirdTime) {
  const std::string folder = backend_folder(local_.gang_that("g", "").folder);
  ASSERT_TRUE(make_folders(folder).ok());
  // The shell makes a file of this name; a link to nowhere is in its way.
  ASSERT_EQ(::symlink("nowhere/at/all", (folder + "/algo-1.started").c_str()), 0);
  const GangHandle handle = submit("g", "exit 0");
  for (int start = 1; start <= 3; ++start) {
    ASSERT_TRUE(comes_to(handle, GangState::kRunning));
    const auto said = [&] { return read_file(folder + "/algo-1.log").value_or(""); };
    ASSERT_TRUE(local_.comes([&] { return std::ssize(split(said(), '\n')) > start; }));
    local_.advance(kLongestStart + seconds(1));
  }
  const GangStatus refused = status(handle);
  EXPECT_EQ(refused.state, GangState::kRefused);
  EXPECT_TRUE(refused.reason.starts_with("its host does not start: ")) << refused.reason;
}

TEST_F(LocalBackendTest, AGangWithoutHostsIsRefused) {
  EXPECT_EQ(local_.backend().submit({.id = GangId("g"), .folder = "/tmp/none"}).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace clary::compute
