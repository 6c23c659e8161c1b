// Jobs of another kind on the same runtime.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::JobKind;
using domain::Phase;
using testing::ElementsAre;

class ProcessingTest : public RuntimeFixture {
 protected:
  ProcessingTest() { kind_ = JobKind::kProcessing; }
  // A job whose only channel and output are at these paths.
  hostlink::HostPlan planned(const std::string& channel, const std::string& output) {
    domain::Job job;
    job.kind = JobKind::kProcessing;
    job.name = JobName("nested");
    job.gang = GangId("gang-nested");
    job.spec.instance_type = "ml.m5.xlarge";
    job.spec.image = "pytorch-training:2.13-cpu-py311";
    job.spec.command.entry_point = {"python3"};
    job.spec.channels = {{.name = "data", .uri = "s3://data/train", .path = channel}};
    job.spec.outputs = {{.name = "o", .uri = "s3://out/o", .path = output}};
    EXPECT_TRUE(server_->changes.create(job, {}, {}).ok());
    run();
    return plan(job.name);
  }
};

TEST_F(ProcessingTest, AJobRunsFromStartToEnd) {
  const JobName job = submit();
  run();
  for (const char* phase : {"downloading", "training", "uploading"})
    ASSERT_TRUE(report_phase(job, phase).ok());
  ASSERT_TRUE(report_lines(job, {"one"}).ok());
  ASSERT_TRUE(
      report(job, hostlink::RecordKind::kState,
             Document::object(
                 {{"phase", "ended"}, {"outcome", "completed"}, {"exit_message", "rows: 7"}}))
          .ok());
  run();
  EXPECT_EQ(phases(job), "Pending Starting Downloading Training Uploading Completed");
  EXPECT_EQ(find(job).exit_message, "rows: 7");
  EXPECT_THAT(
      logs_.lines(LogGroup("/aws/sagemaker/ProcessingJobs"), log_stream_of(find(job), "algo-1")),
      ElementsAre("one"));
}

TEST_F(ProcessingTest, ThePlanNamesItsKindItsProgramAndItsOutputs) {
  const JobName job = submit();
  run();
  const hostlink::HostPlan made = plan(job);
  EXPECT_EQ(made.kind, "processing");
  EXPECT_EQ(made.request, "{}");
  EXPECT_THAT(made.container_command, ElementsAre("python3", "p.py", "--a"));
  EXPECT_EQ(made.channels.at(0).path, "/opt/ml/processing/input");
  EXPECT_FALSE(made.channels.at(0).view.empty());
  EXPECT_EQ(made.outputs.at(0).uri, "s3://out/o");
}

TEST_F(ProcessingTest, AViewHidesNoFolderThatTheHostMakes) {
  EXPECT_EQ(planned("/opt/ml/processing/w", "/opt/ml/processing/w/out").channels.at(0).view, "");
}

TEST_F(ProcessingTest, AFolderWithALikeNameIsNoneInside) {
  EXPECT_NE(planned("/opt/ml/processing/w", "/opt/ml/processing/work").channels.at(0).view, "");
}

TEST_F(ProcessingTest, JobsOfTwoKindsWithOneNameGoTheirOwnWays) {
  submit("twin");
  kind_ = JobKind::kTraining;
  const JobName twin = submit("twin");
  run();
  stop(twin);
  ASSERT_TRUE(report_end(twin, "stopped").ok());
  run();
  EXPECT_EQ(phase(twin), Phase::kStopped);
  kind_ = JobKind::kProcessing;
  EXPECT_EQ(phase(twin), Phase::kStarting);
  ASSERT_TRUE(report_end(twin, "completed").ok());
  EXPECT_EQ(phase(twin), Phase::kCompleted);
}

TEST_F(ProcessingTest, WithoutAnEntryPointThereIsNothingToRun) {
  domain::Job job;
  job.kind = JobKind::kProcessing;
  job.name = JobName("bare");
  job.gang = GangId("gang-bare");
  job.spec.instance_type = "ml.m5.xlarge";
  job.spec.image = "me/mine:1";
  ASSERT_TRUE(server_->changes.create(job, {}, {}).ok());
  run();
  EXPECT_EQ(phase(job.name), Phase::kFailed);
  EXPECT_NE(find(job.name).failure_reason.find("ContainerEntrypoint"), std::string::npos);
}

}  // namespace
}  // namespace clary::runtime
