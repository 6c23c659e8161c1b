// The keeper over stores in memory: what it creates and stops, and what the next one goes on with.
#include "hosting/endpoint_keeper.h"

#include <gtest/gtest.h>

#include <utility>

#include "domain/fake_endpoint_store.h"
#include "domain/fake_job_store.h"
#include "hosting/endpoint_fixture.h"
#include "telemetry/fake_metric_store.h"

namespace clary::hosting {
namespace {

using domain::EndpointStatus;
using domain::JobKind;
using domain::Phase;
using std::chrono::seconds;

class EndpointKeeperTest : public testing::Test {
 protected:
  EndpointKeeperTest() { restart(); }

  // As after a restart of the server: nothing is left but the stores.
  void restart() {
    keeper_ = std::make_unique<EndpointKeeper>(EndpointKeeper::Parts{
        .endpoints = endpoints_,
        .jobs = jobs_,
        .changes = changes_,
        .health = health_,
        .places = places_,
        .live = live_,
        .counted = counted_,
        .metrics = metrics_,
        .ids = ids_,
        .clock = clock_,
        .logger = silent_logger(),
        .link = [this](const InstancePlace& place) -> Result<std::unique_ptr<InstanceLink>> {
          return std::unique_ptr<InstanceLink>(
              std::make_unique<FakeInstanceLink>([this, place](const net::ClientRequest&) {
                if (on_call_) on_call_();
                return Result<net::ClientReply>({.status = 200, .body = place.address});
              }));
        }});
  }
  void create(int instances = 1) {
    ASSERT_TRUE(endpoints_.create_endpoint(test_endpoint(instances, clock_.now())).ok());
    keeper_->look();
  }
  domain::Endpoint endpoint() { return endpoints_.find_endpoint(EndpointName("e")).value(); }
  static JobName job(int number, int generation = 1) {
    return JobName("0123abcd-" + std::to_string(generation) + "-" + std::to_string(number) +
                   "-0-v");
  }
  Phase phase(const JobName& name) { return jobs_.find(JobKind::kServing, name).value().phase; }
  void answer(const JobName& name, Health::Answer health, const std::string& sentence = "") {
    health_.answers[name] = {.answer = health, .sentence = sentence};
    keeper_->look();
  }
  void end(const JobName& name, domain::JobEventKind how = domain::JobEventKind::kHostStopped) {
    ASSERT_TRUE(changes_
                    .apply({.kind = JobKind::kServing, .name = name},
                           {.kind = how, .message = "AlgorithmError: exit code: 1"})
                    .ok());
    keeper_->look();
  }
  void change(const std::function<void(domain::Endpoint&)>& change) {
    domain::Endpoint record = endpoint();
    change(record);
    record.modified = clock_.now();
    ASSERT_TRUE(endpoints_.commit_endpoint(record).ok());
    keeper_->look();
  }
  // The address of the instance that answers, or the error's name.
  std::string call() {
    const auto answer = live_.invoke({.endpoint = EndpointName("E"), .body = "x"});
    return answer.ok() ? answer->body : std::string(error_code_name(answer.error().code));
  }

  ManualClock clock_;
  CountingIds ids_;
  domain::FakeEndpointStore endpoints_;
  domain::FakeJobStore jobs_;
  runtime::Failpoints failpoints_;
  runtime::JobChanges changes_{jobs_, clock_, failpoints_};
  telemetry::FakeMetricStore metrics_;
  FakeInstanceHealth health_;
  FakeInstancePlaces places_;
  EndpointMetrics counted_;
  LiveEndpoints live_{clock_, counted_, [] { return 0.5; }, {.patience = Duration(0)}};
  std::function<void()> on_call_;
  std::unique_ptr<EndpointKeeper> keeper_;
};

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
