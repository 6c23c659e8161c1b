// Many jobs on one machine: who waits, who comes next, and that nothing of them is left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/strings.h"
#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::Phase;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

constexpr std::size_t kStored = 10'000;
constexpr std::size_t kRunning = 64;
constexpr std::size_t kQueued = 1'000;

class QueueTest : public RuntimeFixture {
 protected:
  QueueTest() {
    machine_ = {.cores = 128, .memory_bytes = 1ULL << 40};
    instance_type_ = "ml.m5.large";  // two cores
    cluster_.limit(machine_);
    crash();
  }

  void store_finished(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      domain::JobChange change;
      change.job.name = JobName("finished-" + std::to_string(i));
      change.job.gang = GangId("gang-" + change.job.name.value());
      change.job.phase = Phase::kCompleted;
      ASSERT_TRUE(jobs_.create(change, {}).ok());
    }
  }
  // Jobs that are asked for one after another.
  void ask_for(std::size_t count, const std::string& instance_type = "ml.m5.large") {
    instance_type_ = instance_type;
    for (std::size_t i = 0; i < count; ++i) {
      clock_.advance(milliseconds(1));
      asked_.push_back(submit("job-" + std::to_string(asked_.size())));
    }
  }
  // The last come to the back-end first.
  void carry_out_backwards() {
    std::vector<domain::Effect> effects = jobs_.unfinished_effects().value();
    std::ranges::reverse(effects);
    for (const domain::Effect& effect : effects)
      ASSERT_TRUE(server_->effects.carry_out(effect).ok());
  }
  std::vector<GangId> began() const { return cluster_.began(); }
  std::vector<GangId> gangs_of_asked() {
    std::vector<GangId> gangs;
    for (const JobName& job : asked_) gangs.push_back(find(job).gang);
    return gangs;
  }
  // Every job that has begun ends, and its place is free.
  void end_all_that_run() {
    const std::vector<GangId> gangs = began();
    for (; ended_ < gangs.size(); ++ended_) {
      const auto job = jobs_.find_by_gang(gangs[ended_]);
      ASSERT_TRUE(job.ok());
      ASSERT_TRUE(report_end(job->name, "completed").ok());
    }
    clock_.advance(seconds(20));
    run();
  }

  std::vector<JobName> asked_;
  std::size_t ended_ = 0;  // of those that began
};

TEST_F(QueueTest, AThousandStartInTheirOrderAndNothingPassesABigOne) {
  store_finished(kStored);
  ask_for(kRunning);
  run();
  EXPECT_EQ(began().size(), kRunning);
  ask_for(kQueued / 2);
  const std::size_t big = asked_.size();
  ask_for(1, "ml.m5.24xlarge");  // 96 of the 128 cores
  ask_for(kQueued / 2);
  carry_out_backwards();
  EXPECT_EQ(began().size(), kRunning) << "the machine is full";
  EXPECT_EQ(jobs_.count_by_phase(domain::kShownKinds).value()[Phase::kStarting],
            kRunning + kQueued + 1);

  int rounds = 0;
  while (began().size() < asked_.size() && ++rounds < 100) {
    const std::size_t before = began().size();
    end_all_that_run();
    if (before <= big && big < began().size()) {
      EXPECT_EQ(began().size() - before, big - before + 1 + 16) << "96 cores, and 16 times two";
    }
    if (HasFailure()) return;
  }
  end_all_that_run();
  EXPECT_EQ(began(), gangs_of_asked());
  EXPECT_EQ(jobs_.count_by_phase(domain::kShownKinds).value()[Phase::kCompleted],
            kStored + kRunning + kQueued + 1);
  // Nothing of them is left.
  EXPECT_THAT(jobs_.unfinished_effects().value(), IsEmpty());
  EXPECT_THAT(server_->backend.list().value(), IsEmpty());
  EXPECT_THAT(server_->effects.known_gangs().value(), IsEmpty());
  EXPECT_EQ(server_->runner.put_off_effects(), 0U);
}

TEST_F(QueueTest, AStopDoesNotWaitForThoseThatWantToStart) {
  ask_for(1);
  run();
  ask_for(100);
  stop(asked_[0]);
  crash("before-submit");
  EXPECT_THROW(run(), Crash);
  EXPECT_EQ(cluster_.stops(find(asked_[0]).gang), 1);
}

}  // namespace
}  // namespace clary::runtime
