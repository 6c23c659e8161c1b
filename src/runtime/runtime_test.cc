#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "base/files.h"
#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::Phase;
using std::chrono::minutes;
using std::chrono::seconds;

class RuntimeTest : public RuntimeFixture {};

TEST_F(RuntimeTest, AJobRunsFromStartToEnd) {
  const JobName job = submit();
  run();
  EXPECT_EQ(phase(job), Phase::kStarting);
  EXPECT_EQ(cluster_.starts(find(job).gang), 1);
  for (const char* phase : {"downloading", "training", "uploading"})
    ASSERT_TRUE(report_phase(job, phase).ok());
  ASSERT_TRUE(report_end(job, "completed").ok());
  run();
  tick(minutes(1));
  EXPECT_EQ(phases(job), "Pending Starting Downloading Training Uploading Completed");
  EXPECT_FALSE(cluster_.knows(find(job).gang));
  EXPECT_FALSE(has_folder(job));
  EXPECT_TRUE(jobs_.unfinished_effects().value().empty());
}

TEST_F(RuntimeTest, ThePlanHoldsWhatTheHostNeeds) {
  const JobName job = submit();
  run();
  const hostlink::HostPlan made = plan(job);
  EXPECT_EQ(made.gang, find(job).gang);
  EXPECT_EQ(made.output_uri, "s3://out/j/output");
  EXPECT_EQ(made.region, "us-east-1");
  EXPECT_EQ(made.interpreter.python, "/usr/bin/python3");
  ASSERT_EQ(made.channels.size(), 1U);
  EXPECT_EQ(made.channels[0].view, "/views/data/train");
  EXPECT_EQ(made.cores, 2) << "four were asked for, the machine has two";
  EXPECT_TRUE(noticed(job, "ml.m5.xlarge has 4 cores"));
  EXPECT_TRUE(noticed(job,
                      "runs in /usr/bin/python3 (Python 3.11.2, torch 2.13.0, xgboost-cpu 1.7.6, "
                      "transformers 4.49.0)"));
  const auto key = keys_.find(AccessKeyId(made.credentials.access_key)).value();
  EXPECT_EQ(key.gang, made.gang);
  EXPECT_EQ(key.principal, "arn:aws:sts::000000000000:assumed-role/R/SageMaker");
  EXPECT_EQ(session_principal(AccountId("000000000000"), "arn:aws:iam::111111111111:role/path/R"),
            "arn:aws:sts::111111111111:assumed-role/R/SageMaker");
  EXPECT_EQ(key.expires, clock_.now() + std::chrono::hours(1));
}

TEST_F(RuntimeTest, AnEmptyPrefixFailsTheJobWithTheSentenceOfTheService) {
  put_object("data", "elsewhere/a");
  for (const char* uri : {"s3://data/nothing-here", "s3://no-such-bucket/train"}) {
    domain::Job job{.name = JobName(std::string("j") + uri[5]),
                    .gang = GangId(std::string("g") + uri[5])};
    job.spec.image = "pytorch-training:1";
    job.spec.instance_type = "ml.m5.xlarge";
    job.spec.role = "arn:aws:iam::000000000000:role/R";
    job.spec.channels = {{.name = "train", .uri = uri}};
    job.spec.output_uri = job.output_uri = "s3://out/x";
    ASSERT_TRUE(server_->changes.create(job, {}, {}).ok());
    run();
    EXPECT_EQ(phase(job.name), Phase::kFailed);
    EXPECT_NE(find(job.name).failure_reason.find(
                  "ClientError: No S3 objects found under S3 URL \"" + std::string(uri) + "\""),
              std::string::npos)
        << find(job.name).failure_reason;
    EXPECT_NE(find(job.name).failure_reason.find("\"arn:aws:iam::000000000000:role/R\""),
              std::string::npos);
  }
  EXPECT_EQ(cluster_.starts(), 0);
  EXPECT_TRUE(jobs_.unfinished_effects().value().empty());
}

TEST_F(RuntimeTest, WhatNoEnvironmentFitsFailsWithTheMend) {
  domain::Job job{.name = JobName("j"), .gang = GangId("g")};
  job.spec.image = "unknown:1";
  job.spec.instance_type = "ml.m5.xlarge";
  job.spec.output_uri = job.output_uri = "s3://out/x";
  ASSERT_TRUE(server_->changes.create(job, {}, {}).ok());
  run();
  EXPECT_EQ(phase(job.name), Phase::kFailed);
  EXPECT_NE(find(job.name).failure_reason.find("clary environments create"), std::string::npos);
  EXPECT_FALSE(has_folder(job.name));
}

TEST_F(RuntimeTest, AMissingOutputBucketIsSaidBeforeTraining) {
  const JobName job = submit();
  ASSERT_TRUE(objects_.remove_bucket(BucketName("out")).ok());
  run();
  EXPECT_EQ(phase(job), Phase::kFailed);
  EXPECT_NE(find(job).failure_reason.find("The bucket \"out\" of S3OutputPath \"s3://out/\" does"),
            std::string::npos)
      << "the path is the user's: " << find(job).failure_reason;
}

TEST_F(RuntimeTest, WhatFailsForNowIsTriedAgainAndGivenUpInTheEnd) {
  cluster_.behave({.start_error = unavailable("no place")});
  const JobName job = submit();
  run();
  EXPECT_EQ(phase(job), Phase::kPending);
  cluster_.behave({});
  tick(seconds(1));
  EXPECT_EQ(phase(job), Phase::kStarting);

  cluster_.behave({.start_error = unavailable("no place")});
  const JobName hopeless = submit("hopeless");
  for (int i = 0; i < 20; ++i) tick(minutes(1));
  EXPECT_EQ(phase(hopeless), Phase::kFailed);
  EXPECT_EQ(find(hopeless).failure_reason,
            "InternalServerError: We encountered an internal error. Please try again. (no place)");
}

TEST_F(RuntimeTest, AStopReachesTheHost) {
  const JobName job = submit();
  run();
  stop(job);
  run();
  EXPECT_EQ(phase(job), Phase::kStopping);
  EXPECT_EQ(cluster_.stops(find(job).gang), 1);
  ASSERT_TRUE(report_end(job, "stopped").ok());
  tick(minutes(1));
  EXPECT_EQ(phase(job), Phase::kStopped);
  EXPECT_FALSE(cluster_.knows(find(job).gang));
}

TEST_F(RuntimeTest, AStopBeforeTheStartStartsNothing) {
  const JobName job = submit();
  stop(job);
  run();
  EXPECT_EQ(phase(job), Phase::kStopped);
  EXPECT_EQ(cluster_.starts(), 0);
}

TEST_F(RuntimeTest, AStopOfAJobThatWaitsForAPlaceEndsIt) {
  cluster_.behave({.wait_for = minutes(1)});
  const JobName job = submit();
  run();
  stop(job);
  run();
  tick(seconds(1));
  EXPECT_EQ(phase(job), Phase::kStopped) << find(job).failure_reason;
}

TEST_F(RuntimeTest, AStopThatComesBeforeTheHostListensIsAStop) {
  cluster_.behave({.stop_exit_code = 128 + SIGTERM});
  const JobName job = submit();
  run();
  stop(job);
  run();
  tick(seconds(1));
  EXPECT_EQ(phase(job), Phase::kStopping) << "its last record may still be on its way";
  tick(seconds(5));
  EXPECT_EQ(phase(job), Phase::kStopped) << find(job).failure_reason;
}

TEST_F(RuntimeTest, ALostHostFailsItsJob) {
  cluster_.behave({.lose_after = seconds(30)});
  const JobName job = submit();
  run();
  tick(seconds(31));
  EXPECT_EQ(phase(job), Phase::kFailed);
  EXPECT_EQ(find(job).failure_reason, "InternalServerError: host lost: told to get lost");
}

TEST_F(RuntimeTest, ALostHostIsStartedAgainWhileAttemptsAreLeft) {
  cluster_.behave({.lose_after = seconds(30)});
  const JobName job = submit("j", 1);
  run();
  ASSERT_TRUE(report_phase(job, "downloading").ok());
  const GangId first = find(job).gang;
  tick(seconds(31));
  run();
  EXPECT_EQ(find(job).attempt, 2);
  EXPECT_FALSE(cluster_.knows(first));
  EXPECT_EQ(cluster_.starts(find(job).gang), 1);
  EXPECT_TRUE(resend(job).ok()) << "a late word of the first gang";
  EXPECT_EQ(phase(job), Phase::kStarting);
  EXPECT_LE(plan(job).max_runtime_seconds, 86400 - 30) << "the limit is that of all attempts";
  tick(seconds(31));
  EXPECT_EQ(phase(job), Phase::kFailed);
  EXPECT_EQ(phases(job), "Pending Starting Downloading Pending Starting Failed");
}

TEST_F(RuntimeTest, WhatAHookIsToldIsWrittenWithTheChange) {
  server_->changes.set_hook_text([](const domain::Job&, const domain::JobEvent& event) {
    return std::string(domain::phase_name(*event.phase));
  });
  submit();
  std::vector<std::string> told;
  const std::vector<domain::Effect> effects = jobs_.unfinished_effects().value();
  for (const domain::Effect& effect : effects) {
    if (effect.kind == domain::EffectKind::kTellHook) told.push_back(effect.text);
  }
  EXPECT_EQ(told, std::vector<std::string>{"Pending"});
  run();
  EXPECT_TRUE(jobs_.unfinished_effects().value().empty());
}

TEST_F(RuntimeTest, ADeadAddressIsGivenUpAfterTwoMinutesAndItsCommandRunsOnce) {
  const std::string told = folder_ + "/told";
  server_->hook = StateHook({.command = {"/bin/sh", "-c", "echo $CLARY_EVENT >> " + told},
                             .url = "http://127.0.0.1:1/x"});
  server_->changes.set_hook_text([](const domain::Job&, const domain::JobEvent& event) {
    return std::string(domain::phase_name(*event.phase));
  });
  const JobName job = submit();
  run();
  for (int i = 0; i < 3; ++i) tick(seconds(39));
  EXPECT_EQ(read_file(told, 100).value(), "Pending\n");
  EXPECT_FALSE(noticed(job, "A change of state was not told: "));
  tick(seconds(3));
  EXPECT_TRUE(noticed(job, "A change of state was not told: hook 'http://127.0.0.1:1/x'"));
  tick(seconds(1));
  EXPECT_EQ(read_file(told, 100).value(), "Pending\nStarting\n");
}

TEST_F(RuntimeTest, AHostThatEndsWithoutAWordFailsItsJob) {
  cluster_.behave({.run_for = seconds(10), .exit_code = 9});
  const JobName job = submit();
  run();
  tick(seconds(10));
  EXPECT_EQ(phase(job), Phase::kStarting) << "its last record may still be on its way";
  tick(seconds(5));
  EXPECT_EQ(find(job).failure_reason,
            "InternalServerError: host lost: the host ended without a word, exit code: 9");
}

TEST_F(RuntimeTest, TheReasonOfWaitingIsInTheTimeline) {
  cluster_.behave({.wait_for = minutes(1)});
  const JobName job = submit();
  run();
  tick(seconds(1));
  EXPECT_TRUE(noticed(job, "The job waits for a core"));
  const std::size_t events = jobs_.events(domain::JobKind::kTraining, job).value().size();
  EXPECT_EQ(events, 5U) << "once";
  crash();
  run();
  tick(seconds(1));
  EXPECT_EQ(jobs_.events(domain::JobKind::kTraining, job).value().size(), events);
}

TEST_F(RuntimeTest, RecordsBecomePhasesLinesAndMetrics) {
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_phase(job, "training").ok());
  EXPECT_TRUE(report_lines(job, {"loss=0.5", "hello"}).ok());
  EXPECT_TRUE(report_lines(job, {"loss=0.25"}).ok());
  EXPECT_TRUE(resend(job).ok());
  EXPECT_EQ(lines(job), (std::vector<std::string>{"loss=0.5", "hello", "loss=0.25"}));
  const auto series =
      metrics_.summaries("/aws/sagemaker/TrainingJobs", "TrainingJobName", "j").value();
  ASSERT_EQ(series.size(), 1U);
  EXPECT_EQ(series[0].name, "loss");
  EXPECT_EQ(series[0].last, 0.25);
  EXPECT_EQ(series[0].count, 2U);

  EXPECT_TRUE(report(job, hostlink::RecordKind::kUsage,
                     Document::object({{"cpu_percent", 97.5}, {"memory_percent", 3}}))
                  .ok());
  const auto usage = metrics_.summaries("/aws/sagemaker/TrainingJobs", "Host", "j/algo-1").value();
  ASSERT_EQ(usage.size(), 2U);
  EXPECT_EQ(usage[0].name, "CPUUtilization");
  EXPECT_EQ(usage[0].last, 97.5);

  EXPECT_TRUE(
      report(job, hostlink::RecordKind::kNotice, Document::object({{"message", "no way out"}}))
          .ok());
  EXPECT_TRUE(resend(job).ok());
  EXPECT_TRUE(noticed(job, "no way out"));
  EXPECT_EQ(server_->receiver.last_taken({.gang = find(job).gang, .host = "algo-1"}).value(), 5U);
}

TEST_F(RuntimeTest, AJobGoesOnLoggingWhenItsLogGroupWasDeleted) {
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_lines(job, {"before"}).ok());
  EXPECT_TRUE(logs_.clear().ok());
  EXPECT_TRUE(report_lines(job, {"after"}).ok());
  EXPECT_EQ(lines(job), (std::vector<std::string>{"after"}));
}

TEST_F(RuntimeTest, WhatTheEnvironmentLacksIsInTheTimelineAndTheLog) {
  server_->environments.notices = {"image asks torch 1.8.1, running 2.13.0"};
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_lines(job, {"hello"}).ok());
  EXPECT_TRUE(noticed(job, "image asks torch 1.8.1, running 2.13.0"));
  EXPECT_EQ(lines(job),
            (std::vector<std::string>{"image asks torch 1.8.1, running 2.13.0", "hello"}));
}

TEST_F(RuntimeTest, ADefinitionThatMatchedNothingIsSaidWhenTheJobEnds) {
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_lines(job, {"los=0.5"}).ok());
  EXPECT_TRUE(report_end(job, "completed").ok());
  EXPECT_TRUE(noticed(job, "loss"));
}

TEST_F(RuntimeTest, AFailureKeepsItsReasonAndCode) {
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_end(job, "failed", "AlgorithmError: boom, exit code: 1", 1).ok());
  EXPECT_EQ(find(job).failure_reason, "AlgorithmError: boom, exit code: 1");
  EXPECT_EQ(find(job).exit_code, 1);
}

TEST_F(RuntimeTest, TheTimeLimitIsTheHostsToSay) {
  const JobName job = submit();
  run();
  EXPECT_TRUE(report_phase(job, "training").ok());
  EXPECT_TRUE(report_phase(job, "stopping").ok());
  EXPECT_TRUE(report_end(job, "max_runtime").ok());
  EXPECT_EQ(phases(job), "Pending Starting Training Stopping Stopped");
  EXPECT_EQ(find(job).stop_reason, domain::StopReason::kMaxRuntime);
}

TEST_F(RuntimeTest, OnlyTheHostThatHasTheTokenIsLetIn) {
  const JobName job = submit();
  run();
  const hostlink::LinkPeer peer{.gang = find(job).gang, .host = "algo-1"};
  EXPECT_TRUE(server_->receiver.admit(peer, plan(job).hostlink_token).ok());
  EXPECT_TRUE(noticed(job, "Host algo-1 is up"));
  EXPECT_EQ(server_->receiver.admit(peer, "guess").error().code, ErrorCode::kDenied);
  EXPECT_EQ(server_->receiver.admit({.gang = GangId("other"), .host = "algo-1"}, "").error().code,
            ErrorCode::kDenied);
}

TEST_F(RuntimeTest, CredentialsAreRenewedBeforeTheyEndAndEndWithTheJob) {
  const JobName job = submit();
  run();
  ASSERT_EQ(sent_credentials_.size(), 1U)
      << "the plan's own: after a restart nobody knows what the host has";
  EXPECT_EQ(sent_credentials_[0].access_key, plan(job).credentials.access_key);
  host_is_connected_ = false;
  tick(minutes(46));
  host_is_connected_ = true;
  run();
  ASSERT_EQ(sent_credentials_.size(), 2U);
  run();
  EXPECT_EQ(sent_credentials_.size(), 2U);
  const AccessKeyId last(sent_credentials_[1].access_key);
  EXPECT_TRUE(keys_.find(last).ok());
  EXPECT_TRUE(report_end(job, "completed").ok());
  EXPECT_FALSE(keys_.find(last).ok()) << "at once: who sees the end may rely on it";
  EXPECT_FALSE(keys_.find(AccessKeyId(sent_credentials_[0].access_key)).ok());
}

TEST_F(RuntimeTest, AListenerLivesAsLongAsItsGang) {
  const JobName job = submit();
  run();
  EXPECT_TRUE(
      server_->receiver.take_listener({.gang = find(job).gang, .host = "algo-1"}, Fd()).ok());
  EXPECT_TRUE(server_->listeners.serves(find(job).gang));
  EXPECT_TRUE(report_end(job, "completed").ok());
  tick(minutes(1));
  EXPECT_FALSE(server_->listeners.serves(find(job).gang));
  EXPECT_EQ(server_->views.held(find(job).gang), 0);
}

}  // namespace
}  // namespace clary::runtime
