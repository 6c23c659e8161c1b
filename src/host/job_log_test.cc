#include "host/job_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "host/output_pump.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class JobLogTest : public testing::Test {
 protected:
  Lines lines() {
    const MutexLock lock(mutex_);
    Lines all;
    for (const Lines& batch : batches_) all.insert(all.end(), batch.begin(), batch.end());
    return all;
  }
  // Waits until a line has been shipped; the pump has its own thread.
  bool shipped(const std::string& line) {
    const MutexLock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < deadline) {
      for (const Lines& batch : batches_) {
        if (std::find(batch.begin(), batch.end(), line) != batch.end()) return true;
      }
      changed_.wait_for(mutex_, 100ms);
    }
    return false;
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<Lines> batches_;
  Status answer_;
  SecretMask mask_;
  JobLog log_{[this](Lines batch) {
                const MutexLock lock(mutex_);
                batches_.push_back(std::move(batch));
                changed_.notify_all();
                return answer_;
              },
              mask_};
};

TEST_F(JobLogTest, KeepsNoMoreOfTheScriptsLinesThanAsked) {
  JobLog log{[this](Lines batch) {
               const MutexLock lock(mutex_);
               batches_.push_back(std::move(batch));
               return Status();
             },
             mask_, 2};
  for (const char* line : {"1", "2", "3", "4"}) log.add(line);
  log.say("the host's own word");
  EXPECT_EQ(lines(), (Lines{"1", "2",
                            "jobs.max_log_lines allows 2 lines: what the script prints from here "
                            "on is not kept",
                            "the host's own word"}));
}

TEST_F(JobLogTest, ShipsWholeBatchesInOrder) {
  for (int i = 0; i < 5000; ++i) log_.add(std::to_string(i) + std::string(100, 'x'));
  log_.flush();
  ASSERT_GT(batches_.size(), 5U);
  for (const Lines& batch : batches_) {
    std::size_t bytes = 0;
    for (const std::string& line : batch) bytes += line.size();
    EXPECT_LE(bytes, JobLog::kBatchBytes);
  }
  EXPECT_EQ(lines().size(), 5000U);
  EXPECT_TRUE(lines()[4999].starts_with("4999x"));
}

TEST_F(JobLogTest, MasksSecrets) {
  mask_.add("wJalrXUtnFEMI/K7");
  mask_.add("short");
  log_.say("key wJalrXUtnFEMI/K7, short\nwJalrXUtnFEMI/K7wJalrXUtnFEMI/K7");
  EXPECT_EQ(lines(), (Lines{"key ***, short", "******"}));
}

TEST_F(JobLogTest, RemembersThatOutputWasLost) {
  answer_ = limit_exceeded("spool: No space left on device");
  log_.say("a");
  answer_ = {};
  log_.say("b");
  EXPECT_FALSE(log_.outcome().ok());
}

class OutputPumpTest : public JobLogTest {
 protected:
  std::unique_ptr<OutputPump> start() {
    auto pump = OutputPump::start(log_, clock_, "/opt/ml/code");
    EXPECT_TRUE(pump.ok());
    return std::move(pump).value();
  }
  static void write(int fd, std::string_view text) {
    while (!text.empty()) {
      const ssize_t put = ::write(fd, text.data(), text.size());
      ASSERT_GT(put, 0);
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  SystemClock clock_;
};

TEST_F(OutputPumpTest, ShipsALineWhileTheProcessLives) {
  const auto pump = start();
  write(pump->stdout_fd(), "first\nnot yet");
  EXPECT_TRUE(shipped("first"));
  write(pump->stdout_fd(), " whole\n");
  EXPECT_TRUE(shipped("not yet whole"));
}

TEST_F(OutputPumpTest, EndsWithTheLastUnfinishedLine) {
  const auto pump = start();
  write(pump->stderr_fd(),
        "Traceback (most recent call last):\n  File \"/opt/ml/code/t.py\", line 3, in f\nKeyError: "
        "'x'");
  pump->finish(10s);
  EXPECT_EQ(lines().back(), "KeyError: 'x'");
  EXPECT_EQ(pump->traceback().place(), "t.py, line 3, in f");
  EXPECT_EQ(joined_error_lines(pump->out_errors(), pump->err_errors()), "KeyError: 'x'");
}

TEST_F(OutputPumpTest, EndsThoughAnotherProcessHoldsThePipe) {
  const auto pump = start();
  const Fd held(::dup(pump->stdout_fd()));
  write(held.get(), "one\n");
  pump->finish(0ms);
  EXPECT_EQ(lines(), Lines{"one"});
}

TEST_F(OutputPumpTest, TakesMoreThanThePipesHold) {
  const auto pump = start();
  const std::string line(1023, 'y');
  for (int i = 0; i < 8192; ++i) write(pump->stdout_fd(), line + "\n");
  pump->finish(10s);
  EXPECT_EQ(lines().size(), 8192U);
}

}  // namespace
}  // namespace clary::host
