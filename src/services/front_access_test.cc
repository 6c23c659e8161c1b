// Who may: signatures, session credentials, Clary's own pages.
#include "services/front_fixture.h"

namespace clary::services {
namespace {

using FrontAccessTest = FrontTest;

TEST_F(FrontAccessTest, SignaturesAreVerified) {
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

TEST_F(FrontAccessTest, SignatureCoversTheBody) {
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

TEST_F(FrontAccessTest, BodiesThatAreNotAsSignedAreNotStored) {
  const net::Reply reply = send({.method = "PUT",
                                 .target = "/b/k",
                                 .body = "bytes",
                                 .service = "s3",
                                 .hash = wire::payload_hash("other")});
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(has(reply, "<Code>XAmzContentSHA256Mismatch</Code>"));
  EXPECT_EQ(probe_.stored, "");
}

TEST_F(FrontAccessTest, FieldsOfAPresignedUrlCountAsHeaders) {
  const wire::Signer root{AccessKeyId("ROOT"), Secret("root secret"), Secret(), "us-east-1", "s3"};
  const std::string target = wire::presign(
      root, {.method = "PUT", .target = "/b/k?x-amz-acl=public-read", .host = "127.0.0.1:4580"},
      clock_.now(), std::chrono::minutes(5));
  EXPECT_TRUE(has(send({.method = "PUT", .target = target, .body = "x", .service = ""}),
                  "Clary keeps no access lists"));
}

TEST_F(FrontAccessTest, SessionCredentialsReachOnlyWhatTheirPolicyNames) {
  EXPECT_EQ(send({.method = "GET", .target = "/b/k", .service = "s3", .as_job = true}).status, 200);
  const net::Reply stop = send({.body = R"({"TrainingJobName":"x"})",
                                .headers = {{"X-Amz-Target", "SageMaker.StopTrainingJob"}},
                                .as_job = true});
  EXPECT_EQ(code_of(stop), "AccessDeniedException");
  EXPECT_EQ(message_of(stop),
            "User: arn:aws:sts::000000000000:assumed-role/SageMakerRole/job is not authorized to "
            "perform: sagemaker:StopTrainingJob on "
            "resource: arn:aws:sagemaker:eu-west-1:000000000000:training-job/x because no "
            "identity-based policy allows the "
            "sagemaker:StopTrainingJob action");
  EXPECT_TRUE(
      has(send({.body = "Action=GetRole&RoleName=SageMakerRole", .service = "iam", .as_job = true}),
          "<Code>AccessDenied</Code>"));
  EXPECT_TRUE(has(send({.body = "Action=GetCallerIdentity", .service = "sts", .as_job = true}),
                  "assumed-role/SageMakerRole/job"));
}

TEST_F(FrontAccessTest, ACallOfTheQueryProtocolMayHaveItsFieldsInTheQuery) {
  const auto get = [&](std::string target) {
    return send({.method = "GET", .target = std::move(target), .service = "sts"});
  };
  EXPECT_TRUE(
      has(get("/?Action=GetCallerIdentity&Version=2011-06-15"), "<GetCallerIdentityResult>"));
  EXPECT_TRUE(has(get("/?Version=2011-06-15"), "<Code>MissingAction</Code>"));
  EXPECT_TRUE(has(get("/?Action=%zz"), "<Code>MalformedQueryString</Code>"));
  const net::Reply both = send({.target = "/?Action=GetSessionToken",
                                .body = "Action=GetCallerIdentity&Version=2011-06-15",
                                .service = "sts"});
  EXPECT_TRUE(has(both, "<GetCallerIdentityResult>")) << "a form in the body goes first";
}

TEST_F(FrontAccessTest, OnlyWhoMayListABucketLearnsWhatIsAbsent) {
  const auto get_with = [&](const std::string& actions, const std::string& key) {
    domain::AccessKey job = keys_.find(AccessKeyId("JOB")).value();
    job.policy = R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [)" +
                 actions + R"(], "Resource": "*"}]})";
    EXPECT_TRUE(keys_.put(job).ok());
    return send({.method = "GET", .target = "/b/" + key, .service = "s3", .as_job = true});
  };
  EXPECT_EQ(get_with(R"("s3:GetObject")", "k").status, 200);
  const net::Reply hidden = get_with(R"("s3:GetObject")", "absent");
  EXPECT_EQ(hidden.status, 403);
  EXPECT_TRUE(has(hidden, "<Code>AccessDenied</Code>")) << hidden.body;
  const net::Reply told = get_with(R"("s3:GetObject", "s3:ListBucket")", "absent");
  EXPECT_EQ(told.status, 404);
  EXPECT_TRUE(has(told, "<Code>NoSuchKey</Code>")) << told.body;
  EXPECT_EQ(send({.method = "GET", .target = "/b/absent", .service = "s3"}).status, 404);
}

TEST_F(FrontAccessTest, SessionCredentialsExpire) {
  clock_.advance(std::chrono::hours(2));
  EXPECT_TRUE(has(send({.method = "GET", .target = "/b/k", .service = "s3", .as_job = true}),
                  "<Code>ExpiredToken</Code>"));
}

TEST_F(FrontAccessTest, InsideAJobOnlyItsOwnCredentials) {
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

TEST_F(FrontAccessTest, CredentialsAddressOfAJob) {
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

TEST_F(FrontAccessTest, OwnPagesAskForALoopbackHostAndNoForeignOrigin) {
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
  for (const char* address : {"[::1]:4580", "192.0.2.2:4703", "[2001:db8::2]", "localhost"}) {
    head.headers.set("Host", address);
    EXPECT_FALSE(routes.refusal(head).has_value()) << address;
  }
  for (const char* name : {"192.0.2.2.evil.example", "192.0.2", "", "[evil.example]"}) {
    head.headers.set("Host", name);
    EXPECT_TRUE(routes.refusal(head).has_value()) << name;
  }
}

TEST_F(FrontAccessTest, WhoeverAsksLearnsWhetherItIsAlive) {
  routes_.add({"GET", "/readyz", LocalAccess::kHealth,
               [](const LocalRequest&) { return local_message(200, "ready"); }});
  EXPECT_EQ(send({.method = "GET",
                  .target = "/readyz",
                  .headers = {{"Origin", "https://elsewhere.example"}},
                  .service = ""})
                .status,
            200);
}

TEST_F(FrontAccessTest, OwnPagesThatNeedTheRootKey) {
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

}  // namespace
}  // namespace clary::services
