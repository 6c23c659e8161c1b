// A table of instances made of functions, for tests of LiveEndpoints.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hosting/endpoint_fixture.h"
#include "hosting/live_endpoints.h"

namespace clary::hosting {

using Reply = Result<net::ClientReply>;

inline net::ClientReply text(std::string body, int status = 200) {
  net::ClientReply reply{.status = status};
  reply.headers.add("Content-Type", "text/plain");
  reply.body = std::move(body);
  return reply;
}

inline std::shared_ptr<LiveInstance> instance(std::vector<FakeInstanceLink::Answer> answers) {
  std::vector<LiveContainer> containers;
  for (auto& answer : answers) {
    LiveContainer& one = containers.emplace_back();
    one.name = answers.size() == 1 ? "primary" : "c" + std::to_string(containers.size());
    one.log_stream = LogStream("stream-" + one.name);
    one.link = std::make_shared<FakeInstanceLink>(std::move(answer));
  }
  return std::make_shared<LiveInstance>(std::move(containers));
}

inline FakeInstanceLink::Answer says(std::string body) {
  return [body](const net::ClientRequest&) -> Reply { return text(body); };
}

inline FakeInstanceLink::Answer fails(Error error) {
  return [error](const net::ClientRequest&) -> Reply { return error; };
}

class LiveEndpointsTest : public testing::Test {
 protected:
  void serve(std::vector<LiveVariant> variants,
             domain::EndpointStatus status = domain::EndpointStatus::kInService) {
    LiveTable table;
    table.emplace("e", LiveEndpoint{.name = EndpointName("E"),
                                    .id = "id",
                                    .status = status,
                                    .variants = std::move(variants)});
    live_.replace(std::make_shared<const LiveTable>(std::move(table)));
  }
  void serve(std::vector<std::shared_ptr<LiveInstance>> instances) {
    LiveVariant variant{.name = "v"};
    variant.instances = std::move(instances);
    serve(std::vector<LiveVariant>{variant});
  }
  // At so many percent of its calls.
  static void capture_at(int percentage, const LiveVariant& variant, LiveEndpoints& live) {
    LiveEndpoint endpoint{.name = EndpointName("E"),
                          .status = domain::EndpointStatus::kInService,
                          .variants = {variant}};
    endpoint.capture = std::make_shared<const domain::DataCapture>(domain::DataCapture{
        .enabled = true, .percentage = percentage, .uri = "s3://b", .input = true, .output = true});
    live.replace(std::make_shared<const LiveTable>(LiveTable{{"e", std::move(endpoint)}}));
  }
  Result<EndpointAnswer> call(EndpointCall call = {}) {
    call.endpoint = EndpointName("e");
    if (call.body.empty()) call.body = "x";
    return live_.invoke(std::move(call));
  }
  std::string refusal(EndpointCall wanted) {
    const auto answer = call(std::move(wanted));
    if (answer.ok()) return "answered " + answer->body;
    return std::string(error_code_name(answer.error().code)) + ": " + answer.error().message;
  }
  // The sum of each metric since the last time.
  std::map<std::string, double> sums() {
    std::map<std::string, double> sums;
    for (const telemetry::SeriesSamples& series : metrics_.take(TimePoint())) {
      EXPECT_EQ(series.series.dimensions[0].second, "E") << "as it was created";
      for (const telemetry::Sample& sample : series.samples)
        sums[series.series.name] += sample.value;
    }
    return sums;
  }

  ManualClock clock_;
  EndpointMetrics metrics_;
  double random_ = 0;
  LiveEndpoints live_{clock_, metrics_, [this] { return random_; }, {.patience = Duration(0)}};
};

}  // namespace clary::hosting
