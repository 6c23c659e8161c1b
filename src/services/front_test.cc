#include "services/front_fixture.h"

namespace clary::services {
namespace {

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

TEST_F(FrontTest, EveryCallIsALineAtTheDebugLevel) {
  const auto log_of = [this](LogLevel level) {
    testing::internal::CaptureStderr();
    {
      const Logger logger(level);
      Front front(FrontParts{router_, routes_, keys_, identities_, clock_, ids_, logger});
      net::RequestHead head;
      head.method = "POST";
      head.target = "/";
      head.origin = {"main", "127.0.0.1:50000"};
      head.headers.add("Host", "127.0.0.1:4580");
      head.headers.add("X-Amz-Target", "SageMaker.CreateModel");
      sign({.body = "", .service = "sagemaker", .secret = "not the secret"}, head);
      auto started = front.start(std::move(head));
      if (auto* sink = std::get_if<std::unique_ptr<net::RequestSink>>(&started))
        static_cast<void>((*sink)->finish());
    }
    return testing::internal::GetCapturedStderr();
  };
  const std::string line = log_of(LogLevel::kDebug);
  EXPECT_NE(line.find("a call service=sagemaker operation=CreateModel status=4"), std::string::npos)
      << line;
  EXPECT_NE(line.find(" code="), std::string::npos) << line;
  EXPECT_NE(line.find(" request_id="), std::string::npos) << line;
  EXPECT_EQ(log_of(LogLevel::kInfo), "");
}

TEST_F(FrontTest, EveryOtherOperationIsRefusedByNameWithoutRetry) {
  const net::Reply model = call("SageMaker.CreateModel", "{}");
  EXPECT_EQ(model.status, 400);
  EXPECT_EQ(code_of(model), "ValidationException");
  EXPECT_EQ(message_of(model), "Clary does not carry out CreateModel yet.");
  EXPECT_EQ(code_of(call("SageMaker.Nonsense", "{}")), "UnknownOperationException");
  EXPECT_EQ(code_of(call("AWSEvents.PutRule", "{}", "events")), "UnknownOperationException");
  EXPECT_EQ(message_of(call("DynamoDB_20120810.ListTables", "{}", "dynamodb")),
            "Clary does not serve dynamodb yet (ListTables).");
  const net::Reply form = send({.body = "Action=DescribeInstances",
                                .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                .service = "ec2"});
  EXPECT_TRUE(has(form, "<Message>Clary does not serve POST / of ec2 yet.</Message>")) << form.body;
  const net::Reply copy = send({.method = "PUT", .target = "/b/k?acl", .service = "s3"});
  EXPECT_EQ(copy.status, 501);
  EXPECT_TRUE(has(copy, "Clary does not carry out PutObjectAcl yet."));
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
  EXPECT_TRUE(
      has(send({.body = "Action=CreateGroup&GroupName=x", .headers = form, .service = "iam"}),
          "Clary does not carry out CreateGroup yet."));
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

TEST_F(FrontTest, AttributesThatNobodyNamesAreNotTheBytes) {
  const net::Reply refused = send({.method = "GET", .target = "/b/k?attributes", .service = "s3"});
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(has(refused, "<Code>InvalidRequest</Code>")) << refused.body;
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
  for (const net::Headers::Field& wrong :
       {net::Headers::Field{"X-Amz-Trailer", "x-amz-checksum-foo"},
        net::Headers::Field{"X-Amz-Decoded-Content-Length", "x"},
        net::Headers::Field{"X-Amz-Decoded-Content-Length", "-1"}}) {
    Ask refused = ask;
    for (auto& [name, value] : refused.headers) {
      if (name == wrong.first) value = wrong.second;
    }
    const net::Reply reply = send(refused);
    EXPECT_EQ(reply.status, 400) << wrong.second;
    EXPECT_TRUE(has(reply, "<Code>InvalidRequest</Code>")) << reply.body;
  }
  ask.body = "5\r\nhel";
  EXPECT_TRUE(has(send(ask), "<Code>IncompleteBody</Code>"));
}

TEST_F(FrontTest, WhatFailsWithABodyIsAnErrorOfTheProtocol) {
  const net::Reply opened = send({.method = "PUT", .target = "/b/throws", .service = "s3"});
  EXPECT_EQ(opened.status, 500);
  EXPECT_TRUE(has(opened, "<Code>InternalError</Code>")) << opened.body;
  EXPECT_FALSE(opened.headers.get("x-amz-request-id").empty());
  for (const Ask& ask : {Ask{.method = "PUT", .target = "/b/k", .service = "s3"},
                         Ask{.method = "GET", .target = "/b/k", .service = "s3"}}) {
    const net::Reply failed = reject(ask, internal_error("the disk is on fire"));
    EXPECT_EQ(failed.status, 500);
    EXPECT_TRUE(has(failed, "<Code>InternalError</Code>")) << failed.body;
    EXPECT_FALSE(failed.headers.get("x-amz-request-id").empty());
  }
  const net::Reply local =
      reject({.method = "GET", .target = "/healthz", .service = ""}, internal_error("oops"));
  EXPECT_EQ(local.status, 500);
  EXPECT_FALSE(local.headers.get("x-amzn-requestid").empty());
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

TEST_F(FrontTest, ABucketMayBeCalledHealthz) {
  EXPECT_NE(send({.method = "GET", .target = "/healthz/k", .service = "s3"}).source, nullptr);
}

TEST_F(FrontTest, BodiesAreBounded) {
  const net::Reply reply = send(
      {.body = std::string(9 << 20, ' '), .headers = {{"X-Amz-Target", "SageMaker.ListTags"}}});
  EXPECT_EQ(reply.status, 413);
}

TEST_F(FrontTest, OverloadIsSaidInTheServicesForm) {
  net::RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.headers.add("X-Amz-Target", "SageMaker.ListTags");
  sign({}, head);
  const net::Reply json = front_.overloaded(head);
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(code_of(json), "ThrottlingException");
  net::RequestHead s3;
  s3.method = "GET";
  s3.target = "/b/k";
  sign({.service = "s3"}, s3);
  const net::Reply busy = front_.overloaded(s3);
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(has(busy, "<Code>SlowDown</Code>")) << busy.body;
  net::RequestHead page;
  page.method = "GET";
  page.target = "/healthz";
  EXPECT_EQ(front_.overloaded(page).status, 503);
}

TEST_F(FrontTest, AKeyHasSoManyRequestsUnderWay) {
  Front front(FrontParts{router_, routes_, keys_, identities_, clock_, ids_, silent_logger(),
                         AccountId("000000000000"), FrontLimits{.requests_per_key = 2}});
  const auto begin = [&](bool as_job) {
    net::RequestHead head;
    head.method = "PUT";
    head.target = "/b/k";
    head.origin.listener = "main";
    head.headers.add("Host", "127.0.0.1:4580");
    sign({.service = "s3", .as_job = as_job}, head);
    return front.start(std::move(head));
  };
  auto first = begin(false);
  {
    const auto second = begin(false);
    EXPECT_TRUE(has(std::get<net::Reply>(begin(false)), "<Code>SlowDown</Code>"));
    EXPECT_TRUE(std::holds_alternative<std::unique_ptr<net::RequestSink>>(begin(true)))
        << "another key has places of its own";
  }
  EXPECT_TRUE(std::holds_alternative<std::unique_ptr<net::RequestSink>>(begin(false)));
}

TEST_F(FrontTest, MissingNamesWhatNobodyRegistered) {
  const std::vector<std::string> missing = router_.missing();
  EXPECT_NE(std::find(missing.begin(), missing.end(), "sagemaker CreateTrainingJob"),
            missing.end());
  EXPECT_EQ(std::find(missing.begin(), missing.end(), "sts GetCallerIdentity"), missing.end());
}

}  // namespace
}  // namespace clary::services
