// The keeper over stores in memory: what it creates and stops, and what the next one goes on with.
#include "hosting/endpoint_keeper.h"

#include <utility>

#include "hosting/endpoint_keeper_fixture.h"

namespace clary::hosting {
namespace {

using domain::EndpointStatus;
using domain::JobKind;
using domain::Phase;
using std::chrono::seconds;

TEST_F(EndpointKeeperTest, AnEndpointIsAJobThatPassesItsHealthCheck) {
  create();
  const domain::Job made = jobs_.find(JobKind::kServing, job(1)).value();
  EXPECT_EQ(made.spec.place->endpoint, EndpointName("E"));
  EXPECT_EQ(made.spec.model.model_uri, "s3://b/model.tar.gz");
  EXPECT_EQ(made.spec.image, "image");
  EXPECT_FALSE(made.gang.empty());
  EXPECT_EQ(call(), "InvalidArgument") << "it is being created";
  keeper_->look();
  EXPECT_GT(health_.asked[job(1)], 0);
  answer(job(1), Health::Answer::kNotReady, "the model is being loaded");
  EXPECT_EQ(endpoint().status, EndpointStatus::kCreating);
  answer(job(1), Health::Answer::kReady);
  EXPECT_EQ(endpoint().status, EndpointStatus::kInService);
  EXPECT_EQ(call(), "unix:/" + job(1).value());
}

TEST_F(EndpointKeeperTest, AModelThatCannotBeLoadedFailsTheEndpointAndIsEnded) {
  create();
  answer(job(1), Health::Answer::kLoadFailed, "Traceback\nValueError: boom");
  EXPECT_EQ(endpoint().status, EndpointStatus::kFailed);
  EXPECT_TRUE(endpoint().failure_reason.ends_with("ValueError: boom")) << endpoint().failure_reason;
  EXPECT_EQ(phase(job(1)), Phase::kStopping);
}

TEST_F(EndpointKeeperTest, AContainerThatEndsFailsTheCreation) {
  create();
  end(job(1), domain::JobEventKind::kHostFailed);
  EXPECT_EQ(endpoint().status, EndpointStatus::kFailed);
  EXPECT_TRUE(endpoint().failure_reason.ends_with("AlgorithmError: exit code: 1"));
}

TEST_F(EndpointKeeperTest, AnUpdateSwitchesAndWaitsForCallsUnderWay) {
  create();
  answer(job(1), Health::Answer::kReady);
  change([this](domain::Endpoint& record) {
    record.status = EndpointStatus::kUpdating;
    record.next = test_generation(2, 1, clock_.now());
  });
  EXPECT_EQ(call(), "unix:/" + job(1).value());
  Phase meanwhile = Phase::kCompleted;
  bool switched = false;
  on_call_ = [&] {
    if (std::exchange(switched, true)) return;
    answer(job(1, 2), Health::Answer::kReady);
    keeper_->look();
    meanwhile = phase(job(1));
  };
  EXPECT_EQ(call(), "unix:/" + job(1).value());
  EXPECT_EQ(meanwhile, Phase::kPending) << "it is not stopped while it has a call";
  EXPECT_EQ(call(), "unix:/" + job(1, 2).value());
  keeper_->look();
  EXPECT_EQ(phase(job(1)), Phase::kStopping);
  EXPECT_EQ(endpoint().status, EndpointStatus::kInService);
}

TEST_F(EndpointKeeperTest, ADeathIsReplacedUnderAnotherNumberAlsoAfterARestart) {
  create();
  answer(job(1), Health::Answer::kReady);
  end(job(1), domain::JobEventKind::kHostFailed);
  EXPECT_EQ(call(), "Unavailable");
  restart();
  clock_.advance(seconds(2));
  keeper_->look();
  EXPECT_EQ(phase(job(2)), Phase::kPending);
  EXPECT_EQ(endpoint().status, EndpointStatus::kInService);
  answer(job(2), Health::Answer::kReady);
  EXPECT_EQ(call(), "unix:/" + job(2).value());
}

TEST_F(EndpointKeeperTest, ARestartFindsWhatRunsAndStartsNothing) {
  create(2);
  answer(job(1), Health::Answer::kReady);
  answer(job(2), Health::Answer::kReady);
  restart();
  clock_.advance(std::chrono::hours(100));
  keeper_->look();
  EXPECT_EQ(endpoint().status, EndpointStatus::kInService);
  EXPECT_EQ(phase(job(1)), Phase::kPending);
  EXPECT_FALSE(jobs_.find(JobKind::kServing, job(3)).ok());
  EXPECT_TRUE(call().starts_with("unix:/"));
}

TEST_F(EndpointKeeperTest, ADeletionEndsTheJobsThenTheRowAndItsTags) {
  create();
  answer(job(1), Health::Answer::kReady);
  ASSERT_TRUE(jobs_.add_tags(Arn("arn:e"), {{.key = "k", .value = "v"}}).ok());
  change([](domain::Endpoint& record) { record.status = EndpointStatus::kDeleting; });
  EXPECT_EQ(phase(job(1)), Phase::kStopping);
  EXPECT_TRUE(endpoints_.find_endpoint(EndpointName("E")).ok());
  end(job(1));
  EXPECT_FALSE(endpoints_.find_endpoint(EndpointName("E")).ok());
  EXPECT_TRUE(jobs_.tags(Arn("arn:e")).value().empty());
  keeper_->look();
  EXPECT_EQ(call(), "NotFound");
}

TEST_F(EndpointKeeperTest, AJobOfNoEndpointIsEnded) {
  create();
  ASSERT_TRUE(endpoints_.remove_endpoint(EndpointName("E")).ok());
  restart();
  keeper_->look();
  EXPECT_EQ(phase(job(1)), Phase::kStopping);
}

TEST_F(EndpointKeeperTest, NothingIsStartedWhileItRests) {
  keeper_->pause();
  create();
  EXPECT_FALSE(jobs_.find(JobKind::kServing, job(1)).ok());
  keeper_->resume();
  keeper_->look();
  EXPECT_TRUE(jobs_.find(JobKind::kServing, job(1)).ok());
}

TEST_F(EndpointKeeperTest, AStoreThatDoesNotAnswerLeavesCallsAlone) {
  create();
  answer(job(1), Health::Answer::kReady);
  domain::Endpoint record = endpoint();
  record.status = EndpointStatus::kUpdating;
  ASSERT_TRUE(endpoints_.commit_endpoint(record).ok());
  endpoints_.set_broken(true);
  keeper_->look();
  EXPECT_EQ(call(), "unix:/" + job(1).value());
  endpoints_.set_broken(false);
  keeper_->look();
  EXPECT_EQ(endpoint().status, EndpointStatus::kInService);
}

TEST_F(EndpointKeeperTest, CallsAreCountedInTheMetricsOfTheirVariant) {
  create();
  answer(job(1), Health::Answer::kReady);
  call();
  call();
  clock_.advance(seconds(10));
  keeper_->look();
  const auto summaries = metrics_.summaries("AWS/SageMaker", "EndpointName", "E").value();
  double invocations = 0;
  double latencies = 0;
  for (const telemetry::SeriesSummary& summary : summaries) {
    if (summary.name == "Invocations") invocations = summary.sum;
    if (summary.name == "ModelLatency") latencies = summary.count;
  }
  EXPECT_EQ(invocations, 2);
  EXPECT_EQ(latencies, 2);
}

TEST_F(EndpointKeeperTest, WhatWasCountedBeforeAResetIsForgotten) {
  create();
  answer(job(1), Health::Answer::kReady);
  call();
  keeper_->pause();
  keeper_->resume();
  clock_.advance(seconds(10));
  keeper_->look();
  EXPECT_TRUE(metrics_.summaries("AWS/SageMaker", "EndpointName", "E").value().empty());
}

TEST(Health, ToldByTheBody) {
  EXPECT_EQ(health_of(200, "").answer, Health::Answer::kReady);
  const Health loading =
      health_of(503, R"({"code":503,"type":"ServiceUnavailableException","message":"loading"})");
  EXPECT_EQ(loading.answer, Health::Answer::kNotReady);
  EXPECT_EQ(loading.sentence, "loading");
  EXPECT_EQ(health_of(503, R"({"type":"ModelLoadFailed","message":"boom"})").answer,
            Health::Answer::kLoadFailed);
  EXPECT_EQ(health_of(500, "<html>").answer, Health::Answer::kNotReady);
}

}  // namespace
}  // namespace clary::hosting
