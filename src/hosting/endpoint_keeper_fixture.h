// The keeper over stores in memory, with instances that answer what a test says.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "domain/fake_endpoint_store.h"
#include "domain/fake_job_store.h"
#include "hosting/endpoint_fixture.h"
#include "hosting/endpoint_keeper.h"
#include "telemetry/fake_log_store.h"
#include "telemetry/fake_metric_store.h"

namespace clary::hosting {

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
        .log = log_,
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
  void create(int instances = 1) { create(test_endpoint(instances, clock_.now())); }
  void create(const domain::Endpoint& endpoint) {
    ASSERT_TRUE(endpoints_.create_endpoint(endpoint).ok());
    keeper_->look();
  }
  domain::Endpoint endpoint() { return endpoints_.find_endpoint(EndpointName("e")).value(); }
  static JobName job(int number, int generation = 1) {
    return JobName("0123abcd-" + std::to_string(generation) + "-" + std::to_string(number) +
                   "-0-v");
  }
  domain::Phase phase(const JobName& name) {
    return jobs_.find(domain::JobKind::kServing, name).value().phase;
  }
  void answer(const JobName& name, Health::Answer health, const std::string& sentence = "") {
    health_.answers[name] = {.answer = health, .sentence = sentence};
    keeper_->look();
  }
  void end(const JobName& name, domain::JobEventKind how = domain::JobEventKind::kHostStopped) {
    ASSERT_TRUE(changes_
                    .apply({.kind = domain::JobKind::kServing, .name = name},
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
  telemetry::FakeLogStore logs_{clock_};
  EndpointLog log_{logs_, silent_logger()};
  FakeInstanceHealth health_;
  FakeInstancePlaces places_;
  EndpointMetrics counted_;
  LiveEndpoints live_{clock_, counted_, [] { return 0.5; }, {.patience = Duration(0)}};
  std::function<void()> on_call_;
  std::unique_ptr<EndpointKeeper> keeper_;
};

}  // namespace clary::hosting
