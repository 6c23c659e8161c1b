// What is ended and forgotten with a job, at the next start, and by a reset.
#include <gtest/gtest.h>

#include <vector>

#include "base/files.h"
#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::Phase;
using std::chrono::minutes;
using std::chrono::seconds;

class LeftoversTest : public RuntimeFixture {};

TEST_F(LeftoversTest, AGangWhoseJobIsGoneIsEndedAtTheNextStart) {
  const JobName job = submit();
  run();
  const GangId gang = find(job).gang;
  ASSERT_TRUE(jobs_.clear().ok());
  crash();
  server_->runner.start();
  server_->runner.stop();
  EXPECT_FALSE(cluster_.knows(gang));
  EXPECT_TRUE(server_->plans.folders().list().value().empty());
}

TEST_F(LeftoversTest, OneOrphanThatCannotBeEndedKeepsNoOther) {
  std::vector<GangId> gangs;
  for (const char* name : {"a", "b", "c"}) gangs.push_back(find(submit(name)).gang);
  run();
  ASSERT_TRUE(
      write_file_atomically(server_->plans.folders().plan_path(gangs[1], "algo-1"), "{").ok());
  ASSERT_TRUE(jobs_.clear().ok());
  crash();
  server_->views.stuck = gangs[0];
  ASSERT_TRUE(server_->effects.end_orphans().ok());
  for (const GangId& gang : gangs) EXPECT_FALSE(cluster_.knows(gang)) << gang.value();
  EXPECT_TRUE(server_->plans.folders().list().value().empty());
}

TEST_F(LeftoversTest, WhatIsKnownOfAHostEndsWithItsJob) {
  cluster_.behave({.lose_after = seconds(30)});
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_lines(job, {"loss=1"}).ok());
  server_->receiver.gone({.gang = find(job).gang, .host = "algo-1"});
  EXPECT_EQ(server_->receiver.known_hosts(), 1U) << "it may connect again";
  tick(seconds(31));
  EXPECT_EQ(phase(job), Phase::kFailed);
  EXPECT_EQ(server_->receiver.known_hosts(), 0U);
}

TEST_F(LeftoversTest, FailuresOfAnEffectThatWasGivenUpAreForgotten) {
  cluster_.behave({.start_error = unavailable("no place")});
  submit();
  run();
  EXPECT_EQ(server_->runner.put_off_effects(), 1U);
  for (int i = 0; i < 20; ++i) tick(minutes(1));
  EXPECT_EQ(server_->runner.put_off_effects(), 0U);
}

TEST_F(LeftoversTest, AResetEndsAndForgetsEverything) {
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_lines(job, {"loss=1"}).ok());
  const GangId gang = find(job).gang;
  ASSERT_TRUE(endpoints_.create_endpoint({.name = EndpointName("e")}).ok());
  ASSERT_TRUE(records_.put("s", {.key = "k", .text = "t"}).ok());
  const Status reset = server_->reset.run();
  ASSERT_TRUE(reset.ok()) << reset.error().message;
  EXPECT_FALSE(cluster_.knows(gang));
  EXPECT_TRUE(jobs_.list({}).value().jobs.empty());
  EXPECT_TRUE(endpoints_.list_endpoints({}).value().records.empty());
  EXPECT_TRUE(records_.list("s", "", 1).value().empty());
  EXPECT_TRUE(objects_.list_buckets().value().empty());
  EXPECT_TRUE(
      metrics_.summaries("/aws/sagemaker/TrainingJobs", "TrainingJobName", "j").value().empty());
  EXPECT_TRUE(server_->plans.folders().list().value().empty());
}

}  // namespace
}  // namespace clary::runtime
