// Endpoints, generations and fakes for this folder's tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "domain/endpoint.h"
#include "hosting/instance_health.h"
#include "hosting/instance_link.h"
#include "hosting/instance_places.h"

namespace clary::hosting {

inline domain::EndpointVariant test_variant(const std::string& name, int instances,
                                            double weight = 1) {
  domain::EndpointVariant variant;
  variant.asked.name = name;
  variant.asked.startup_seconds = 600;
  variant.containers.push_back({.image = "image", .model_uri = "s3://b/model.tar.gz"});
  variant.instances = instances;
  variant.weight = weight;
  return variant;
}

inline domain::EndpointGeneration test_generation(std::uint64_t number, int instances,
                                                  TimePoint begun) {
  return {.number = number,
          .config = EndpointConfigName("config"),
          .variants = {test_variant("v", instances)},
          .begun = begun};
}

inline domain::Endpoint test_endpoint(int instances, TimePoint now) {
  domain::Endpoint endpoint{.name = EndpointName("E"), .id = "0123abcd", .arn = Arn("arn:e")};
  endpoint.next = test_generation(1, instances, now);
  endpoint.created = now;
  endpoint.modified = now;
  return endpoint;
}

// Answers with what a test has set; asks nobody.
class FakeInstanceHealth final : public InstanceHealth {
 public:
  void ask(const JobName& job, const InstancePlace&) override { ++asked[job]; }
  std::optional<Health> last(const JobName& job) override {
    const auto found = answers.find(job);
    return found == answers.end() ? std::nullopt : std::optional<Health>(found->second);
  }
  void forget(const JobName& job) override { answers.erase(job); }

  std::map<JobName, Health> answers;
  std::map<JobName, int> asked;
};

class FakeInstancePlaces final : public InstancePlaces {
 public:
  Result<InstancePlace> find(const domain::Job& job) override {
    return InstancePlace{.address = "unix:/" + job.name.value(), .held = nullptr};
  }
};

// A container made of a function.
class FakeInstanceLink final : public InstanceLink {
 public:
  using Answer = std::function<Result<net::ClientReply>(const net::ClientRequest&)>;
  explicit FakeInstanceLink(Answer answer) : answer_(std::move(answer)) {}
  Result<net::ClientReply> send(const net::ClientRequest& request, Duration) override {
    return answer_(request);
  }
  // The same answer; its body read from `make_body` of it.
  Result<net::ClientStream> open(const net::ClientRequest& request, Duration) override {
    CLARY_TRY(net::ClientReply head, answer_(request));
    auto body = make_body(std::exchange(head.body, {}));
    return net::ClientStream{.head = std::move(head), .body = std::move(body)};
  }

  std::function<std::unique_ptr<net::ByteSource>(std::string)> make_body = net::make_string_source;

 private:
  Answer answer_;
};

}  // namespace clary::hosting
