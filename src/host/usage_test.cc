#include "host/usage.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::host {
namespace {

ProcessUse process(pid_t pid, pid_t parent, std::uint64_t own, std::uint64_t children,
                   std::uint64_t resident, std::uint64_t shared) {
  return {.pid = pid,
          .parent = parent,
          .own_ticks = own,
          .children_ticks = children,
          .resident_bytes = resident,
          .shared_bytes = shared};
}

TEST(ParseProcess, TakesNamesWithSpacesAndParentheses) {
  const Result<ProcessUse> use = parse_process(
      "42 (a) (b c) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 555 1000 200\n",
      "1000 50 20 1 0 30 0\n", 4096);
  ASSERT_TRUE(use.ok());
  EXPECT_EQ(use->pid, 42);
  EXPECT_EQ(use->parent, 7);
  EXPECT_EQ(use->own_ticks, 120U);
  EXPECT_EQ(use->children_ticks, 7U);
  EXPECT_EQ(use->resident_bytes, 50U * 4096);
  EXPECT_EQ(use->shared_bytes, 20U * 4096);
}

TEST(ParseProcess, RefusesOtherTexts) {
  EXPECT_FALSE(parse_process("", "", 4096).ok());
  EXPECT_FALSE(parse_process("42 (a) S 7", "1 2 3", 4096).ok());
}

class ReadTree : public ::testing::Test {
 protected:
  // A process with one CPU tick; `children` as the kernel lists them.
  void add(int pid, int parent, const std::string& children) {
    const std::string folder = std::to_string(pid);
    write(folder + "/stat", folder + " (a) S " + std::to_string(parent) +
                                " 0 0 0 0 0 0 0 0 0 1 0 0 0 20 0 1 0 5 0 0\n");
    write(folder + "/statm", "1 1 1 1 0 1 0\n");
    write(folder + "/task/" + folder + "/children", children);
  }
  void write(const std::string& name, const std::string& text) {
    const std::string path = proc_.path() + "/" + name;
    ASSERT_TRUE(make_folders(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(write_file_atomically(path, text).ok());
  }
  std::vector<pid_t> pids() const {
    std::vector<pid_t> found;
    const std::vector<ProcessUse> tree = read_tree(10, proc_.path()).value();
    for (const ProcessUse& process : tree) found.push_back(process.pid);
    std::ranges::sort(found);
    return found;
  }

  TemporaryFolder proc_;
};

TEST_F(ReadTree, IsOfTheRootAndWhatItsThreadsStarted) {
  add(10, 1, "11 12 ");
  add(11, 10, "");
  add(12, 10, "14 ");
  add(13, 10, "");
  add(14, 12, "");
  add(99, 1, "");
  write("10/task/77/children", "13 ");  // of another thread
  EXPECT_EQ(pids(), (std::vector<pid_t>{10, 11, 12, 13, 14}));
}

TEST_F(ReadTree, IsEveryProcessWhereTheKernelHasNoLists) {
  add(10, 1, "");
  add(11, 10, "");
  add(99, 1, "");
  for (const char* pid : {"10", "11", "99"})
    ASSERT_TRUE(remove_tree(proc_.path() + "/" + pid + "/task").ok());
  EXPECT_EQ(pids(), (std::vector<pid_t>{10, 11, 99}));
}

TEST_F(ReadTree, LeavesOutWhatHasEnded) {
  add(10, 1, "11 ");
  EXPECT_EQ(pids(), (std::vector<pid_t>{10}));
}

TEST(TreeUse, CountsDescendantsAndWhatTheyReaped) {
  const std::vector<ProcessUse> processes = {
      process(10, 1, 900, 30, 500, 0),  // the host program: only what it reaped
      process(11, 10, 5, 1, 100, 40), process(12, 11, 50, 2, 300, 60),
      process(20, 1, 777, 0, 999, 0)};
  const TreeUse use = tree_use(processes, 10);
  EXPECT_EQ(use.ticks, 30U + 6U + 52U);
  EXPECT_EQ(use.memory_bytes, 60U + 240U + 60U);
}

TEST(TreeUse, DoesNotFallWhenAChildEnds) {
  const TreeUse before = tree_use(
      {process(10, 1, 0, 0, 0, 0), process(11, 10, 5, 0, 0, 0), process(12, 11, 50, 0, 0, 0)}, 10);
  const TreeUse after = tree_use({process(10, 1, 0, 0, 0, 0), process(11, 10, 5, 50, 0, 0)}, 10);
  EXPECT_EQ(before.ticks, after.ticks);
}

TEST(ParseGpuUse, AddsDevices) {
  const std::optional<GpuUse> use = parse_gpu_use("50, 1000, 4000\n100, 4000, 4000\n");
  ASSERT_TRUE(use);
  EXPECT_DOUBLE_EQ(use->percent, 150);
  EXPECT_DOUBLE_EQ(use->memory_percent, 125);
  EXPECT_FALSE(parse_gpu_use("No devices were found\n"));
  EXPECT_FALSE(parse_gpu_use(""));
  EXPECT_TRUE(parse_gpu_use("[N/A], 1000, 4000\n"));
}

TEST(UsageMeter, SeesABusyChild) {
  ManualClock clock;
  UsageMeter meter({.root = ::getpid(), .memory_bytes = 1ULL << 40, .disk_folder = "/"}, clock);
  ASSERT_FALSE(meter.sample()->has_value());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    volatile std::uint64_t sum = 0;
    while (static_cast<double>(::clock()) < 0.3 * CLOCKS_PER_SEC) sum = sum + 1;
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  clock.advance(std::chrono::seconds(1));
  const Result<std::optional<Document>> sample = meter.sample();
  ASSERT_TRUE(sample.ok() && sample->has_value());
  EXPECT_GE((*sample)->double_or("cpu_percent", 0), 25);
  EXPECT_LE((*sample)->double_or("cpu_percent", 0), 40);
  EXPECT_GT((*sample)->double_or("disk_percent", -1), 0);
  EXPECT_GE((*sample)->double_or("memory_percent", -1), 0);
  EXPECT_EQ((*sample)->find("gpu_percent"), nullptr);
}

}  // namespace
}  // namespace clary::host
