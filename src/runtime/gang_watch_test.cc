// What becomes of a job by what the back-end says of its gang.
#include <gtest/gtest.h>

#include <chrono>

#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::Phase;
using std::chrono::hours;
using std::chrono::seconds;

class GangWatchTest : public RuntimeFixture {};

TEST_F(GangWatchTest, AGangThatTheBackendCannotStartFailsTheJobWithTheMend) {
  cluster_.behave({.refusal = "the program 'mkdir' is missing; run: apt-get install coreutils"});
  const JobName job = submit();
  run();
  EXPECT_EQ(phase(job), Phase::kFailed);
  EXPECT_EQ(find(job).failure_reason,
            "InternalServerError: the program 'mkdir' is missing; run: apt-get install coreutils");
}

TEST_F(GangWatchTest, AJobThatIsPendingTooLongIsStopped) {
  cluster_.behave({.wait_for = hours(5)});
  const JobName job = submit();
  const JobName limited = submit("limited", 0, hours(2));
  run();
  tick(hours(2) - seconds(1));
  EXPECT_EQ(phase(limited), Phase::kStarting);
  tick(seconds(1));
  tick(seconds(1));
  EXPECT_EQ(phase(limited), Phase::kStopped);
  EXPECT_EQ(phases(limited), "Pending Starting Stopping Stopped");
  EXPECT_EQ(jobs_.events(find(limited).kind, limited).value().back().message,
            "Training job pending time exceeded MaxPendingTimeInSeconds provided");
  EXPECT_FALSE(cluster_.runs(find(limited).gang));
  EXPECT_EQ(phase(job), Phase::kStarting) << "without the limit it waits";
  tick(hours(3));
  EXPECT_TRUE(cluster_.runs(find(job).gang));
}

TEST_F(GangWatchTest, AJobThatHasItsPlaceIsPendingNoMore) {
  const JobName job = submit("j", 0, hours(2));
  run();
  ASSERT_TRUE(report_phase(job, "training").ok());
  tick(hours(3));
  EXPECT_EQ(phase(job), Phase::kTraining);
}

}  // namespace
}  // namespace clary::runtime
