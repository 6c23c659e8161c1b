// A Front over services of the smallest kind, and requests to it signed as clients sign them.
#pragma once

#include <gtest/gtest.h>

#include "api/buckets.h"
#include "api/metrics.h"
#include "api/objects.h"
#include "api/tags.h"
#include "api/training_jobs.h"
#include "base/json.h"
#include "base/strings.h"
#include "domain/fake_identity_store.h"
#include "domain/fake_key_store.h"
#include "domain/policy.h"
#include "services/front.h"
#include "services/iam_roles.h"
#include "services/sts.h"
#include "wire/sigv4.h"

namespace clary::services {

// Services of the smallest kind: they remember what reached them.
struct Probe {
  Outcome<api::StopTrainingJob::Reply> stop(const api::StopTrainingJob::Request& request,
                                            const CallContext& context) {
    seen = request.training_job_name + '@' + context.region.value();
    if (request.training_job_name == "throws") throw std::runtime_error("a library gave up");
    if (request.training_job_name == "broken")
      return ServiceError(internal_error("the disk is on fire"));
    return api::StopTrainingJob::Reply{};
  }
  Outcome<api::ListTags::Reply> list_tags(const api::ListTags::Request&, const CallContext&) {
    return api::ListTags::Reply{.tags = std::vector<api::sagemaker::Tag>{{"k", "v"}}};
  }
  Outcome<api::GetMetricStatistics::Reply> statistics(
      const api::GetMetricStatistics::Request& request, const CallContext&) {
    return api::GetMetricStatistics::Reply{.label = request.metric_name};
  }
  Outcome<api::HeadBucket::Reply> head_bucket(const api::HeadBucket::Request&, const CallContext&) {
    ServiceError error("404", "Not Found", 404);
    error.headers.set("x-amz-bucket-region", "us-east-1");
    return error;
  }
  Outcome<WithBody<api::GetObject::Reply>> get_object(const api::GetObject::Request& request,
                                                      const CallContext&) {
    if (request.key == "absent") return ServiceError("NoSuchKey", "It is absent.", 404);
    WithBody<api::GetObject::Reply> out;
    out.reply.etag = "\"e\"";
    out.body = net::make_string_source("hello");
    out.length = 5;
    return out;
  }

  class Sink final : public BodySink<api::PutObject::Reply> {
   public:
    explicit Sink(Probe& probe) : probe_(probe) {}
    Status write(std::string_view piece) override {
      bytes_ += piece;
      return {};
    }
    Outcome<api::PutObject::Reply> finish(const net::Headers& trailers) override {
      probe_.stored = bytes_ + std::string(trailers.get("x-amz-checksum-crc32"));
      return api::PutObject::Reply{.etag = "\"stored\""};
    }

   private:
    Probe& probe_;
    std::string bytes_;
  };
  Outcome<std::unique_ptr<BodySink<api::PutObject::Reply>>> put_object(
      const api::PutObject::Request& request, const BodyFacts&, const CallContext&) {
    if (request.key == "throws") throw std::runtime_error("a library gave up");
    return std::unique_ptr<BodySink<api::PutObject::Reply>>(std::make_unique<Sink>(*this));
  }

  std::string seen;
  std::string stored;
};

class FrontTest : public testing::Test, public JobCredentials {
 protected:
  FrontTest() {
    router_.add<api::StopTrainingJob>(probe_, &Probe::stop);
    router_.add<api::ListTags>(probe_, &Probe::list_tags);
    router_.add<api::GetMetricStatistics>(probe_, &Probe::statistics);
    router_.add<api::HeadBucket>(probe_, &Probe::head_bucket);
    router_.add_reading<api::GetObject>(probe_, &Probe::get_object);
    router_.add_writing<api::PutObject>(probe_, &Probe::put_object);
    sts_.add_to(router_);
    roles_.add_to(router_);
    routes_.add({"GET", "/healthz", LocalAccess::kOpen,
                 [](const LocalRequest&) { return local_message(200, "ok"); }});
    routes_.add({"GET", "/_clary/jobs/", LocalAccess::kRootKey,
                 [](const LocalRequest& request) { return local_message(200, request.rest); }});
    add_credentials_route(routes_, *this);
    EXPECT_TRUE(
        keys_.put({.id = AccessKeyId("ROOT"), .secret = Secret("root secret"), .principal = "root"})
            .ok());
    domain::AccessKey job{
        .id = AccessKeyId("JOB"), .secret = Secret("job secret"), .session_token = Secret("token")};
    job.expires = clock_.now() + std::chrono::hours(1);
    job.principal = "arn:aws:sts::000000000000:assumed-role/SageMakerRole/job";
    job.policy = std::string(domain::default_job_policy());
    job.gang = GangId("gang-1");
    EXPECT_TRUE(keys_.put(job).ok());
  }

  Result<domain::AccessKey> current(const GangId& gang, std::string_view authorization) override {
    if (gang.value() != "gang-1") return not_found("no such gang");
    if (authorization != "gang token") return denied("not this gang's token");
    return keys_.find(AccessKeyId("JOB"));
  }

  struct Ask {
    std::string method = "POST";
    std::string target = "/";
    std::string body;
    std::vector<net::Headers::Field> headers;
    std::string service = "sagemaker";  // "": not signed
    std::string listener = "main";
    bool as_job = false;
    std::string secret;  // another than the key's own
    std::string hash;    // another payload hash than the body's
  };

  net::Reply send(const Ask& ask) {
    auto started = start(ask);
    if (auto* reply = std::get_if<net::Reply>(&started)) return std::move(*reply);
    net::RequestSink& sink = *std::get<std::unique_ptr<net::RequestSink>>(started);
    if (const Status written = sink.write(ask.body); !written.ok())
      return sink.rejected(written.error());
    return sink.finish();
  }

  // What the server asks for when the request fails after its head.
  net::Reply reject(const Ask& ask, const Error& error) {
    auto started = start(ask);
    return std::get<std::unique_ptr<net::RequestSink>>(started)->rejected(error);
  }

  std::variant<net::Reply, std::unique_ptr<net::RequestSink>> start(const Ask& ask) {
    net::RequestHead head;
    head.method = ask.method;
    head.target = ask.target;
    head.origin = {ask.listener, "127.0.0.1:50000"};
    head.content_length = ask.body.size();
    head.headers.add("Host", "127.0.0.1:4580");
    for (const auto& [name, value] : ask.headers) head.headers.add(name, value);
    if (!ask.service.empty()) sign(ask, head);
    return front_.start(std::move(head));
  }

  net::Reply call(std::string target, std::string body, std::string service = "sagemaker") {
    return send({.body = std::move(body),
                 .headers = {{"X-Amz-Target", std::move(target)}},
                 .service = std::move(service)});
  }

  static std::string code_of(const net::Reply& reply) {
    return parse_json(reply.body).value_or(Document()).string_or("__type", "");
  }
  static std::string message_of(const net::Reply& reply) {
    return parse_json(reply.body).value_or(Document()).string_or("message", "");
  }
  static bool has(const net::Reply& reply, std::string_view text) {
    return reply.body.find(text) != std::string::npos;
  }

  void sign(const Ask& ask, net::RequestHead& head) {
    const wire::Signer root{AccessKeyId("ROOT"),
                            Secret(ask.secret.empty() ? "root secret" : ask.secret), Secret(),
                            "eu-west-1", ask.service};
    const wire::Signer job{AccessKeyId("JOB"), Secret("job secret"), Secret("token"), "eu-west-1",
                           ask.service};
    const std::string hash = ask.hash.empty() ? wire::payload_hash(ask.body) : ask.hash;
    wire::sign(ask.as_job ? job : root,
               {.method = head.method,
                .target = head.target,
                .host = "127.0.0.1:4580",
                .payload_hash = hash},
               clock_.now(), head.headers);
  }

  ManualClock clock_;
  CountingIds ids_;
  domain::FakeKeyStore keys_;
  domain::FakeIdentityStore identities_;
  Probe probe_;
  Sts sts_{identities_, keys_, ids_};
  IamRoles roles_{identities_, identities_, ids_};
  Router router_;
  LocalRoutes routes_{{"clary.example"}};
  Front front_{FrontParts{router_, routes_, keys_, identities_, clock_, ids_, silent_logger()}};
};

}  // namespace clary::services
