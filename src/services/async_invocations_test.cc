#include "services/async_invocations.h"

#include "hosting/fake_async_calls.h"
#include "services/front_fixture.h"

namespace clary::services {
namespace {

// Through the front: as a client's call comes.
class AsyncInvocationsTest : public FrontTest {
 protected:
  AsyncInvocationsTest() { invocations_.add_to(router_); }

  net::Reply invoke(std::vector<net::Headers::Field> headers, std::string body = "") {
    return send({.target = "/endpoints/My-E/async-invocations",
                 .body = std::move(body),
                 .headers = std::move(headers)});
  }
  std::string refusal(std::vector<net::Headers::Field> headers, std::string body = "") {
    const net::Reply reply = invoke(std::move(headers), std::move(body));
    EXPECT_EQ(reply.status, 400);
    return std::string(reply.headers.get("x-amzn-errortype")) + ": " +
           parse_json(reply.body).value_or(Document()).string_or("Message", "");
  }

  hosting::FakeAsyncCalls calls_;
  AsyncInvocations invocations_{calls_};
};

constexpr const char* kInput = "X-Amzn-SageMaker-InputLocation";

TEST_F(AsyncInvocationsTest, TheAnswerSaysWhereTheOutputWillBe) {
  calls_.ticket = hosting::AsyncTicket{
      .inference_id = "i", .output_uri = "s3://b/i.out", .failure_uri = "s3://b/i-error.out"};
  const net::Reply reply = invoke({{kInput, "s3://b/in.csv"},
                                   {"X-Amzn-SageMaker-Content-Type", "text/csv"},
                                   {"X-Amzn-SageMaker-Accept", "application/json"},
                                   {"X-Amzn-SageMaker-Custom-Attributes", "c"},
                                   {"X-Amzn-SageMaker-Inference-Id", "i"},
                                   {"X-Amzn-SageMaker-RequestTTLSeconds", "60"},
                                   {"X-Amzn-SageMaker-InvocationTimeoutSeconds", "5"}});
  EXPECT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(parse_json(reply.body).value().string_or("InferenceId", ""), "i");
  EXPECT_EQ(reply.headers.get("x-amzn-sagemaker-outputlocation"), "s3://b/i.out");
  EXPECT_EQ(reply.headers.get("x-amzn-sagemaker-failurelocation"), "s3://b/i-error.out");
  ASSERT_EQ(calls_.calls.size(), 1U);
  const hosting::AsyncCall& call = calls_.calls[0];
  EXPECT_EQ(call.endpoint.value(), "My-E");
  EXPECT_EQ(call.input_uri, "s3://b/in.csv");
  EXPECT_EQ(call.content_type, "text/csv");
  EXPECT_EQ(call.accept, "application/json");
  EXPECT_EQ(call.custom_attributes, "c");
  EXPECT_EQ(call.inference_id, "i");
  EXPECT_EQ(call.time_to_live, std::chrono::seconds(60));
  EXPECT_EQ(call.limit, std::chrono::seconds(5));
}

TEST_F(AsyncInvocationsTest, AnEndpointWithoutAFailurePathNamesNone) {
  EXPECT_EQ(invoke({{kInput, "s3://b/in"}}).headers.find("x-amzn-sagemaker-failurelocation"),
            nullptr);
  EXPECT_EQ(calls_.calls.at(0).time_to_live, std::chrono::hours(6));
  EXPECT_EQ(calls_.calls.at(0).limit, std::chrono::minutes(15));
}

TEST_F(AsyncInvocationsTest, TheInputIsAnObjectOrTheBody) {
  EXPECT_EQ(invoke({}, "1,2").status, 202);
  EXPECT_EQ(calls_.calls.at(0).body, "1,2");
  EXPECT_TRUE(refusal({}).starts_with("ValidationError: InputLocation must"));
  EXPECT_TRUE(refusal({{kInput, "s3://b/in"}}, "x").starts_with("ValidationError: Either"));
  EXPECT_TRUE(refusal({}, std::string(128'001, 'x')).starts_with("ValidationError: A body"));
  EXPECT_TRUE(refusal({{kInput, "https://b/in"}}).starts_with("ValidationError: InputLocation is"));
  EXPECT_EQ(calls_.calls.size(), 1U);
}

TEST_F(AsyncInvocationsTest, RefusalsAreTheServices) {
  calls_.ticket = not_found("no");
  EXPECT_EQ(refusal({{kInput, "s3://b/in"}}),
            "ValidationError: Endpoint My-E of account 000000000000 not found.");
  calls_.ticket = invalid_argument("It takes none.");
  EXPECT_EQ(refusal({{kInput, "s3://b/in"}}), "ValidationError: It takes none.");
}

}  // namespace
}  // namespace clary::services
