#include "services/front.h"

#include <gtest/gtest.h>

#include "api/buckets.h"
#include "api/metrics.h"
#include "api/objects.h"
#include "api/tags.h"
#include "api/training_jobs.h"
#include "base/json.h"
#include "base/strings.h"
#include "domain/fake_key_store.h"
#include "domain/policy.h"
#include "services/iam.h"
#include "services/sts.h"
#include "wire/sigv4.h"

namespace clary::services {
namespace {

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
  Outcome<WithBody<api::GetObject::Reply>> get_object(const api::GetObject::Request&,
                                                      const CallContext&) {
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
      const api::PutObject::Request&, const BodyFacts&, const CallContext&) {
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
    iam_.add_to(router_);
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
    net::RequestHead head;
    head.method = ask.method;
    head.target = ask.target;
    head.origin = {ask.listener, "127.0.0.1:50000"};
    head.content_length = ask.body.size();
    head.headers.add("Host", "127.0.0.1:4580");
    for (const auto& [name, value] : ask.headers) head.headers.add(name, value);
    if (!ask.service.empty()) sign(ask, head);
    auto started = front_.start(std::move(head));
    if (auto* reply = std::get_if<net::Reply>(&started)) return std::move(*reply);
    net::RequestSink& sink = *std::get<std::unique_ptr<net::RequestSink>>(started);
    if (const Status written = sink.write(ask.body); !written.ok())
      return sink.rejected(written.error());
    return sink.finish();
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
  Probe probe_;
  Sts sts_;
  Iam iam_;
  Router router_;
  LocalRoutes routes_{{"clary.example"}};
  Front front_{FrontParts{router_, routes_, keys_, clock_, ids_, silent_logger()}};
};

TEST_F(FrontTest, JsonCallReachesItsMethod) {
  const net::Reply reply = call("SageMaker.StopTrainingJob", R"({"TrainingJobName":"job-1"})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(probe_.seen, "job-1@eu-west-1");
  EXPECT_FALSE(reply.headers.get("x-amzn-requestid").empty());
  EXPECT_EQ(call("SageMaker.ListTags",
                 R"({"ResourceArn":"arn:aws:sagemaker:us-east-1:000000000000:training-job/x"})")
                .body,
            R"({"Tags":[{"Key":"k","Value":"v"}]})");
}

TEST_F(FrontTest, ErrorsHaveTheProtocolsForm) {
  const net::Reply invalid = call("SageMaker.StopTrainingJob", R"({"TrainingJobName":"a_b"})");
  EXPECT_EQ(invalid.status, 400);
  EXPECT_EQ(code_of(invalid), "ValidationException");
  EXPECT_TRUE(message_of(invalid).starts_with(
      "1 validation error detected: Value 'a_b' at 'trainingJobName'"));
  EXPECT_EQ(code_of(call("SageMaker.StopTrainingJob", "{")), "SerializationException");
  EXPECT_EQ(call("SageMaker.StopTrainingJob", R"({"TrainingJobName":"broken"})").status, 500);
  EXPECT_EQ(code_of(call("SageMaker.StopTrainingJob", R"({"TrainingJobName":"throws"})")),
            "InternalFailure");
}

TEST_F(FrontTest, EveryOtherOperationIsRefusedByNameWithoutRetry) {
  const net::Reply model = call("SageMaker.CreateModel", "{}");
  EXPECT_EQ(model.status, 400);
  EXPECT_EQ(code_of(model), "ValidationException");
  EXPECT_EQ(message_of(model), "Clary does not carry out CreateModel yet.");
  EXPECT_EQ(code_of(call("SageMaker.Nonsense", "{}")), "UnknownOperationException");
  EXPECT_EQ(code_of(call("AWSEvents.PutRule", "{}", "events")), "UnknownOperationException");
  const net::Reply form = send({.body = "Action=DescribeInstances",
                                .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                .service = "ec2"});
  EXPECT_TRUE(has(form, "<Message>Clary does not serve POST / of ec2 yet.</Message>")) << form.body;
  const net::Reply copy = send({.method = "PUT", .target = "/b/k?acl", .service = "s3"});
  EXPECT_EQ(copy.status, 501);
  EXPECT_TRUE(has(copy, "Clary does not carry out PutObjectAcl yet."));
}

TEST_F(FrontTest, SignaturesAreVerified) {
  const net::Reply wrong =
      send({.body = "{}", .headers = {{"X-Amz-Target", "SageMaker.ListTags"}}, .secret = "guess"});
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(code_of(wrong), "InvalidSignatureException");
  EXPECT_EQ(code_of(send({.headers = {{"X-Amz-Target", "SageMaker.ListTags"}}, .service = ""})),
            "MissingAuthenticationTokenException");
  EXPECT_EQ(code_of(call("SageMaker.ListTags", "{}", "logs")), "InvalidSignatureException");
  const net::Reply s3 =
      send({.method = "GET", .target = "/b/k", .service = "s3", .secret = "guess"});
  EXPECT_EQ(s3.status, 403);
  EXPECT_TRUE(has(s3, "<Code>SignatureDoesNotMatch</Code>"));
  EXPECT_TRUE(
      has(send({.method = "GET", .target = "/b/k", .service = ""}), "<Code>AccessDenied</Code>"));
}

TEST_F(FrontTest, SignatureCoversTheBody) {
  net::RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.origin.listener = "main";
  head.headers.add("Host", "127.0.0.1:4580");
  head.headers.add("X-Amz-Target", "SageMaker.StopTrainingJob");
  sign({.body = R"({"TrainingJobName":"job-1"})"}, head);
  auto started = front_.start(std::move(head));
  net::RequestSink& sink = *std::get<std::unique_ptr<net::RequestSink>>(started);
  ASSERT_TRUE(sink.write(R"({"TrainingJobName":"job-2"})").ok());
  EXPECT_EQ(code_of(sink.finish()), "InvalidSignatureException");
  EXPECT_EQ(probe_.seen, "");
}

TEST_F(FrontTest, QueryServices) {
  const std::vector<net::Headers::Field> form{
      {"Content-Type", "application/x-www-form-urlencoded"}};
  const net::Reply who = send(
      {.body = "Action=GetCallerIdentity&Version=2011-06-15", .headers = form, .service = "sts"});
  EXPECT_TRUE(has(who, "<GetCallerIdentityResult>")) << who.body;
  EXPECT_TRUE(has(who, "<Arn>arn:aws:sts::000000000000:assumed-role/SageMakerRole/clary</Arn>"));
  EXPECT_TRUE(has(who, "<RequestId>"));
  EXPECT_TRUE(has(
      send({.body = "Action=GetRole&RoleName=SageMakerRole", .headers = form, .service = "iam"}),
      "<Arn>arn:aws:iam::000000000000:role/SageMakerRole</Arn>"));
  const net::Reply absent =
      send({.body = "Action=GetRole&RoleName=Other", .headers = form, .service = "iam"});
  EXPECT_EQ(absent.status, 404);
  EXPECT_TRUE(has(absent, "<Code>NoSuchEntity</Code>"));
  EXPECT_TRUE(has(send({.body = "Action=CreateUser&UserName=x", .headers = form, .service = "iam"}),
                  "Clary does not carry out CreateUser yet."));
  EXPECT_TRUE(
      has(send({.body = "Action=SimulatePrincipalPolicy", .headers = form, .service = "iam"}),
          "<Code>AccessDenied</Code>"));
  EXPECT_TRUE(has(send({.body = "Action=Nope", .headers = form, .service = "iam"}),
                  "<Code>InvalidAction</Code>"));
}

TEST_F(FrontTest, CloudWatchAnswersInTheProtocolOfTheRequest) {
  const net::Reply query = send(
      {.body = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=n&MetricName=m&Period=60"
               "&StartTime=2024-01-01T00:00:00Z&EndTime=2024-01-01T01:00:00Z",
       .service = "monitoring"});
  EXPECT_TRUE(has(query, "<Label>m</Label>")) << query.body;
  const net::Reply json = call(
      "GraniteServiceVersion20100801.GetMetricStatistics",
      R"({"Namespace":"n","MetricName":"m","Period":60,"StartTime":1704067200,"EndTime":1704070800})",
      "monitoring");
  EXPECT_EQ(json.body, R"({"Label":"m"})");
  EXPECT_EQ(json.headers.get("content-type"), "application/x-amz-json-1.0");
}

TEST_F(FrontTest, S3ObjectsStreamInAndOut) {
  const net::Reply got = send({.method = "GET", .target = "/b/k", .service = "s3"});
  ASSERT_NE(got.source, nullptr);
  EXPECT_EQ(got.source_length, 5U);
  EXPECT_FALSE(got.headers.get("x-amz-request-id").empty());
  EXPECT_EQ(send({.method = "PUT", .target = "/b/k", .body = "bytes", .service = "s3"})
                .headers.get("etag"),
            "\"stored\"");
  EXPECT_EQ(probe_.stored, "bytes");
}

TEST_F(FrontTest, BodiesThatAreNotAsSignedAreNotStored) {
  const net::Reply reply = send({.method = "PUT",
                                 .target = "/b/k",
                                 .body = "bytes",
                                 .service = "s3",
                                 .hash = wire::payload_hash("other")});
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(has(reply, "<Code>XAmzContentSHA256Mismatch</Code>"));
  EXPECT_EQ(probe_.stored, "");
}

TEST_F(FrontTest, AwsChunkedBodies) {
  const std::vector<net::Headers::Field> headers{{"X-Amz-Decoded-Content-Length", "5"},
                                                 {"X-Amz-Trailer", "x-amz-checksum-crc32"}};
  Ask ask{.method = "PUT",
          .target = "/b/k",
          .body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
          .headers = headers,
          .service = "s3"};
  ask.hash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  EXPECT_EQ(send(ask).status, 200);
  EXPECT_EQ(probe_.stored, "helloNhCmhg==");
  ask.body = "5\r\nhel";
  EXPECT_TRUE(has(send(ask), "<Code>IncompleteBody</Code>"));
}

TEST_F(FrontTest, FieldsOfAPresignedUrlCountAsHeaders) {
  const wire::Signer root{AccessKeyId("ROOT"), Secret("root secret"), Secret(), "us-east-1", "s3"};
  const std::string target = wire::presign(
      root, {.method = "PUT", .target = "/b/k?x-amz-acl=public-read", .host = "127.0.0.1:4580"},
      clock_.now(), std::chrono::minutes(5));
  EXPECT_TRUE(has(send({.method = "PUT", .target = target, .body = "x", .service = ""}),
                  "Clary keeps no access lists"));
}

TEST_F(FrontTest, HeadErrorsHaveNoBody) {
  const net::Reply reply = send({.method = "HEAD", .target = "/b", .service = "s3"});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.headers.get("x-amz-bucket-region"), "us-east-1");
}

TEST_F(FrontTest, RefusedMembersOfS3) {
  const net::Reply reply = send({.method = "PUT",
                                 .target = "/b/k",
                                 .headers = {{"x-amz-acl", "public-read"}},
                                 .service = "s3"});
  EXPECT_EQ(reply.status, 501);
  EXPECT_TRUE(has(reply, "Clary keeps no access lists")) << reply.body;
}

TEST_F(FrontTest, SessionCredentialsReachOnlyWhatTheirPolicyNames) {
  EXPECT_EQ(send({.method = "GET", .target = "/b/k", .service = "s3", .as_job = true}).status, 200);
  const net::Reply stop = send({.body = R"({"TrainingJobName":"x"})",
                                .headers = {{"X-Amz-Target", "SageMaker.StopTrainingJob"}},
                                .as_job = true});
  EXPECT_EQ(code_of(stop), "AccessDeniedException");
  EXPECT_EQ(message_of(stop),
            "User: arn:aws:sts::000000000000:assumed-role/SageMakerRole/job is not authorized to "
            "perform: sagemaker:StopTrainingJob on "
            "resource: arn:aws:sagemaker:eu-west-1:000000000000:training-job/x because no session "
            "policy allows the "
            "sagemaker:StopTrainingJob action");
  EXPECT_TRUE(
      has(send({.body = "Action=GetRole&RoleName=SageMakerRole", .service = "iam", .as_job = true}),
          "<Code>AccessDenied</Code>"));
  EXPECT_TRUE(has(send({.body = "Action=GetCallerIdentity", .service = "sts", .as_job = true}),
                  "assumed-role/SageMakerRole/job"));
}

TEST_F(FrontTest, SessionCredentialsExpire) {
  clock_.advance(std::chrono::hours(2));
  EXPECT_TRUE(has(send({.method = "GET", .target = "/b/k", .service = "s3", .as_job = true}),
                  "<Code>ExpiredToken</Code>"));
}

TEST_F(FrontTest, InsideAJobOnlyItsOwnCredentials) {
  const auto status = [&](std::string listener, bool as_job) {
    return send({.method = "GET",
                 .target = "/b/k",
                 .service = "s3",
                 .listener = std::move(listener),
                 .as_job = as_job})
        .status;
  };
  EXPECT_EQ(status("gang-1", true), 200);
  EXPECT_EQ(status("gang-2", true), 403);
  EXPECT_EQ(status("gang-1", false), 403);
  const wire::Signer root{AccessKeyId("ROOT"), Secret("root secret"), Secret(), "us-east-1", "s3"};
  const std::string target = wire::presign(root, {.target = "/b/k", .host = "127.0.0.1:4580"},
                                           clock_.now(), std::chrono::minutes(5));
  EXPECT_EQ(send({.method = "GET", .target = target, .service = "", .listener = "gang-1"}).status,
            200);
}

TEST_F(FrontTest, CredentialsAddressOfAJob) {
  const net::Reply reply = send({.method = "GET",
                                 .target = "/_clary/credentials",
                                 .headers = {{"Authorization", "gang token"}},
                                 .service = "",
                                 .listener = "gang-1"});
  const Document document = *parse_json(reply.body);
  EXPECT_EQ(document.string_or("AccessKeyId", ""), "JOB");
  EXPECT_EQ(document.string_or("Token", ""), "token");
  EXPECT_FALSE(document.string_or("Expiration", "").empty());
  const auto status = [&](std::string listener, std::string token) {
    return send({.method = "GET",
                 .target = "/_clary/credentials",
                 .headers = {{"Authorization", std::move(token)}},
                 .service = "",
                 .listener = std::move(listener)})
        .status;
  };
  EXPECT_EQ(status("gang-1", "guess"), 403);
  EXPECT_EQ(status("gang-2", "gang token"), 404);
  EXPECT_EQ(status("main", "gang token"), 404);
}

TEST_F(FrontTest, OwnPagesAskForALoopbackHostAndNoForeignOrigin) {
  EXPECT_EQ(send({.method = "GET", .target = "/healthz", .service = ""}).status, 200);
  EXPECT_EQ(send({.method = "GET",
                  .target = "/healthz",
                  .headers = {{"Origin", "http://127.0.0.1:4580"}},
                  .service = ""})
                .status,
            200);
  EXPECT_EQ(send({.method = "GET",
                  .target = "/healthz",
                  .headers = {{"Origin", "https://evil.example"}},
                  .service = ""})
                .status,
            403);
  LocalRoutes routes({"clary.example"});
  net::RequestHead head;
  head.headers.set("Host", "evil.example");
  EXPECT_TRUE(routes.refusal(head).has_value());
  head.headers.set("Host", "CLARY.example:4580");
  EXPECT_FALSE(routes.refusal(head).has_value());
  head.headers.set("Host", "[::1]:4580");
  EXPECT_FALSE(routes.refusal(head).has_value());
}

TEST_F(FrontTest, OwnPagesThatNeedTheRootKey) {
  EXPECT_EQ(send({.method = "GET", .target = "/_clary/jobs/x", .service = "clary"}).body,
            "{\"message\":\"x\"}\n");
  EXPECT_EQ(send({.method = "GET", .target = "/_clary/jobs/x", .service = ""}).status, 403);
  EXPECT_EQ(send({.method = "GET", .target = "/_clary/jobs/x", .service = "clary", .as_job = true})
                .status,
            403);
  EXPECT_EQ(
      send({.method = "GET", .target = "/_clary/jobs/x", .service = "clary", .secret = "guess"})
          .status,
      403);
  EXPECT_EQ(send({.method = "GET", .target = "/_clary/nothing", .service = ""}).status, 404);
}

TEST_F(FrontTest, ABucketMayBeCalledHealthz) {
  EXPECT_NE(send({.method = "GET", .target = "/healthz/k", .service = "s3"}).source, nullptr);
}

TEST_F(FrontTest, BodiesAreBounded) {
  const net::Reply reply = send(
      {.body = std::string(9 << 20, ' '), .headers = {{"X-Amz-Target", "SageMaker.ListTags"}}});
  EXPECT_EQ(reply.status, 413);
}

TEST_F(FrontTest, MissingNamesWhatNobodyRegistered) {
  const std::vector<std::string> missing = router_.missing();
  EXPECT_NE(std::find(missing.begin(), missing.end(), "sagemaker CreateTrainingJob"),
            missing.end());
  EXPECT_EQ(std::find(missing.begin(), missing.end(), "sts GetCallerIdentity"), missing.end());
}

}  // namespace
}  // namespace clary::services
