#include "services/endpoint_invocations.h"

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "hosting/fake_endpoint_calls.h"
#include "services/front_fixture.h"
#include "wire/event_stream.h"

namespace clary::services {
namespace {

// Through the front: as a client's call comes.
class InvocationsTest : public FrontTest {
 protected:
  InvocationsTest() { invocations_.add_to(router_); }

  net::Reply invoke(std::string body, std::vector<net::Headers::Field> headers = {}) {
    return send({.target = "/endpoints/My-E/invocations",
                 .body = std::move(body),
                 .headers = std::move(headers)});
  }
  net::Reply invoke_answered(hosting::EndpointAnswer answer) {
    calls_.set_answer(std::move(answer));
    return invoke("x");
  }
  net::Reply invoke_failing(const Error& error) {
    calls_.set_answer(error);
    return invoke("x");
  }
  static std::string member_of(const net::Reply& reply, std::string_view name) {
    return parse_json(reply.body).value_or(Document()).string_or(name, "");
  }

  hosting::FakeEndpointCalls calls_;
  EndpointInvocations invocations_{calls_};
};

TEST_F(InvocationsTest, ACallReachesTheModelAsItWasSent) {
  const std::string bytes("\x93NUMPY\x00\xFF", 8);
  const net::Reply reply = invoke(bytes, {{"Content-Type", "application/x-npy"},
                                          {"Accept", "text/csv"},
                                          {"X-Amzn-SageMaker-Custom-Attributes", "a=b"},
                                          {"X-Amzn-SageMaker-Target-Model", "m.tar.gz"},
                                          {"X-Amzn-SageMaker-Target-Variant", "v"},
                                          {"X-Amzn-SageMaker-Target-Container-Hostname", "h"},
                                          {"X-Amzn-SageMaker-Inference-Id", "i"},
                                          {"X-Amzn-SageMaker-Session-Id", "s"}});
  EXPECT_EQ(reply.status, 200) << reply.body;
  ASSERT_EQ(calls_.calls().size(), 1U);
  const hosting::EndpointCall call = calls_.calls()[0];
  EXPECT_EQ(call.endpoint.value(), "My-E");
  EXPECT_EQ(call.body, bytes);
  EXPECT_EQ(call.content_type, "application/x-npy");
  EXPECT_EQ(call.accept, "text/csv");
  EXPECT_EQ(call.custom_attributes, "a=b");
  EXPECT_EQ(call.target_model, "m.tar.gz");
  EXPECT_EQ(call.target_variant, "v");
  EXPECT_EQ(call.target_container, "h");
  EXPECT_EQ(call.inference_id, "i");
  EXPECT_EQ(call.session_id, "s");
  EXPECT_FALSE(call.request_id.empty());
}

TEST_F(InvocationsTest, WhatIsAbsentStaysAbsent) {
  EXPECT_EQ(invoke("").status, 200);
  const hosting::EndpointCall call = calls_.calls().at(0);
  EXPECT_FALSE(call.content_type || call.accept);
  EXPECT_EQ(call.body, "");
}

TEST_F(InvocationsTest, ABodyThatIsPackedIsTheModelsToUnpack) {
  EXPECT_EQ(invoke("not gzip", {{"Content-Encoding", "gzip"}}).status, 200);
  EXPECT_EQ(calls_.calls().at(0).body, "not gzip");
}

TEST_F(InvocationsTest, TheAnswerIsTheModels) {
  const net::Reply reply = invoke_answered({.status = 201,
                                            .content_type = "text/csv",
                                            .custom_attributes = "c",
                                            .new_session_id = "n",
                                            .closed_session_id = "d",
                                            .variant = "AllTraffic",
                                            .body = "1,2\n"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "1,2\n");
  EXPECT_EQ(reply.headers.get("content-type"), "text/csv");
  EXPECT_EQ(reply.headers.get("x-amzn-invoked-production-variant"), "AllTraffic");
  EXPECT_EQ(reply.headers.get("x-amzn-sagemaker-custom-attributes"), "c");
  EXPECT_EQ(reply.headers.get("x-amzn-sagemaker-new-session-id"), "n");
  EXPECT_EQ(reply.headers.get("x-amzn-sagemaker-closed-session-id"), "d");
  EXPECT_FALSE(reply.headers.get("x-amzn-requestid").empty());
  EXPECT_EQ(invoke_answered({.body = "x"}).headers.find("content-type"), nullptr);
}

TEST_F(InvocationsTest, AnAnswerThatIsNoSuccessIsAModelError) {
  const net::Reply reply = invoke_answered({.status = 500,
                                            .container = "primary",
                                            .log_stream = LogStream("AllTraffic/abc-1-1"),
                                            .body = "boom \"x\"\nTraceback"});
  EXPECT_EQ(reply.status, 424);
  EXPECT_EQ(reply.headers.get("x-amzn-errortype"), "ModelError");
  EXPECT_EQ(member_of(reply, "Message"),
            "Received server error (500) from primary with message \"boom \"x\"\nTraceback\". See "
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
            "#logEventViewer:group=/aws/sagemaker/Endpoints/My-E in account 000000000000 for more "
            "information.");
  EXPECT_EQ(member_of(reply, "OriginalMessage"), "boom \"x\"\nTraceback");
  EXPECT_EQ(parse_json(reply.body).value().int_or("OriginalStatusCode", 0), 500);
  EXPECT_EQ(member_of(reply, "LogStreamArn"),
            "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/sagemaker/Endpoints/My-E:"
            "log-stream:AllTraffic/abc-1-1");
  EXPECT_TRUE(member_of(invoke_answered({.status = 415, .container = "primary"}), "Message")
                  .starts_with("Received client error (415) from primary"));
}

TEST_F(InvocationsTest, ALongAnswerIsToldInPartAndAsText) {
  std::string text(2047, 'a');
  text += "\xC3\xA9 and more";
  EXPECT_EQ(member_of(invoke_answered({.status = 500, .body = text}), "OriginalMessage"),
            std::string(2047, 'a'));
  EXPECT_EQ(member_of(invoke_answered({.status = 500, .body = "a\xFF"}), "OriginalMessage"),
            "a\xEF\xBF\xBD");
}

TEST_F(InvocationsTest, ErrorsHaveTheServicesCodes) {
  const net::Reply absent = invoke_failing(not_found("no endpoint"));
  EXPECT_EQ(absent.status, 400);
  EXPECT_EQ(absent.headers.get("x-amzn-errortype"), "ValidationError");
  EXPECT_EQ(member_of(absent, "Message"), "Endpoint My-E of account 000000000000 not found.");
  const net::Reply wrong = invoke_failing(invalid_argument("There is no variant 'x'."));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.headers.get("x-amzn-errortype"), "ValidationError");
  EXPECT_EQ(member_of(wrong, "Message"), "There is no variant 'x'.");
  const net::Reply busy = invoke_failing(unavailable("No instance can take the call now."));
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.headers.get("x-amzn-errortype"), "ServiceUnavailable");
  const net::Reply throttled = invoke_failing(limit_exceeded("Too many calls."));
  EXPECT_EQ(throttled.status, 429);
  EXPECT_EQ(throttled.headers.get("x-amzn-errortype"), "ThrottlingException");
  const net::Reply broken = invoke_failing(internal_error("the disk is on fire"));
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.headers.get("x-amzn-errortype"), "InternalFailure");
}

TEST_F(InvocationsTest, AModelThatDoesNotAnswerIsAModelError) {
  const net::Reply reply = invoke_failing(timed_out("60 s"));
  EXPECT_EQ(reply.status, 424);
  EXPECT_EQ(reply.headers.get("x-amzn-errortype"), "ModelError");
  EXPECT_TRUE(member_of(reply, "Message")
                  .starts_with("Received server error (0) from primary with message \"Your "
                               "invocation timed out while waiting for a response"));
}

TEST_F(InvocationsTest, ABodyMayHaveTwentyFiveMebibytes) {
  constexpr std::size_t kLimit = 25 << 20;
  EXPECT_EQ(invoke(std::string(kLimit, 'x')).status, 200);
  EXPECT_EQ(calls_.calls().at(0).body.size(), kLimit);
  const net::Reply reply = invoke(std::string(kLimit + 1, 'x'));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(member_of(reply, "Message"), "HTTP content length exceeded 26214400 bytes.");
  EXPECT_EQ(calls_.calls().size(), 1U);
}

// Read to its end, as a connection does.
std::string read_all(net::ByteSource& source) {
  std::string text;
  std::string piece(7, '\0');
  for (;;) {
    const auto count = source.read(piece);
    if (!count.ok()) return text + "[" + count.error().message + "]";
    if (*count == 0) return text;
    text.append(piece, 0, *count);
  }
}

// Pieces, then an error or the end.
class Script final : public net::ByteSource {
 public:
  Script(std::vector<std::string> pieces, Status end)
      : pieces_(std::move(pieces)), end_(std::move(end)) {}
  Result<std::size_t> read(std::span<char> into) override {
    if (at_ == pieces_.size() && !end_.ok()) return end_.error();
    if (at_ == pieces_.size()) return 0;
    const std::string& piece = pieces_[at_++];
    std::copy(piece.begin(), piece.end(), into.begin());
    return piece.size();
  }

 private:
  std::vector<std::string> pieces_;
  Status end_;
  std::size_t at_ = 0;
};

class StreamingTest : public InvocationsTest {
 protected:
  net::Reply stream(std::vector<std::string> pieces, Status end = {},
                    std::vector<net::Headers::Field> headers = {}) {
    calls_.set_answer(hosting::EndpointAnswer{
        .content_type = "text/event-stream", .custom_attributes = "c", .variant = "AllTraffic"});
    calls_.set_pieces(std::make_unique<Script>(std::move(pieces), std::move(end)));
    return send({.target = "/endpoints/My-E/invocations-response-stream",
                 .body = "x",
                 .headers = std::move(headers)});
  }
};

TEST_F(StreamingTest, EachPieceIsAnEvent) {
  const net::Reply reply = stream({"one", "two"}, {}, {{"X-Amzn-SageMaker-Accept", "a/b"}});
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.headers.get("content-type"), "application/vnd.amazon.eventstream");
  EXPECT_EQ(reply.headers.get("x-amzn-sagemaker-content-type"), "text/event-stream");
  EXPECT_EQ(reply.headers.get("x-amzn-invoked-production-variant"), "AllTraffic");
  EXPECT_EQ(reply.headers.get("x-amzn-sagemaker-custom-attributes"), "c");
  EXPECT_FALSE(reply.source_length) << "its length is not known";
  ASSERT_NE(reply.source, nullptr);
  EXPECT_EQ(read_all(*reply.source),
            wire::bytes_event("PayloadPart", "one") + wire::bytes_event("PayloadPart", "two"));
  EXPECT_EQ(calls_.calls().at(0).accept, "a/b");
}

TEST_F(StreamingTest, WhatBreaksOffEndsWithAnException) {
  const net::Reply broken = stream({"one"}, internal_error("it ended"));
  ASSERT_NE(broken.source, nullptr);
  const std::string events = read_all(*broken.source);
  EXPECT_TRUE(events.starts_with(wire::bytes_event("PayloadPart", "one")));
  EXPECT_NE(events.find("ModelStreamError"), std::string::npos);
  EXPECT_NE(events.find("StreamBroken"), std::string::npos);
  EXPECT_NE(events.find("it ended"), std::string::npos);
  const net::Reply late = stream({"one"}, timed_out("60 s"));
  ASSERT_NE(late.source, nullptr);
  EXPECT_NE(read_all(*late.source).find("ModelInvocationTimeExceeded"), std::string::npos);
}

TEST_F(StreamingTest, WhatFailsBeforeItBeginsIsAnErrorAsUsual) {
  calls_.set_answer(hosting::EndpointAnswer{.status = 500, .body = "boom"});
  const Ask ask{.target = "/endpoints/My-E/invocations-response-stream", .body = "x"};
  EXPECT_EQ(send(ask).status, 424);
  calls_.set_answer(not_found("no endpoint"));
  EXPECT_EQ(send(ask).headers.get("x-amzn-errortype"), "ValidationError");
}

TEST_F(InvocationsTest, OnlyWhoSignsWellMayCall) {
  const auto refused = [this](const Ask& ask) {
    const net::Reply reply = send(ask);
    EXPECT_TRUE(calls_.calls().empty());
    return std::to_string(reply.status) + ' ' + std::string(reply.headers.get("x-amzn-errortype"));
  };
  EXPECT_EQ(refused({.target = "/endpoints/e/invocations", .body = "x", .secret = "another"}),
            "403 InvalidSignatureException");
  EXPECT_EQ(
      refused({.target = "/endpoints/e/invocations", .body = "x", .hash = wire::payload_hash("y")})
          .substr(0, 2),
      "40");
}

TEST_F(InvocationsTest, MembersThatAreNotCarriedOutAreRefused) {
  const net::Reply reply = invoke("x", {{"X-Amzn-SageMaker-Inference-Component", "c"}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(has(reply, "inference components"));
  EXPECT_TRUE(calls_.calls().empty());
  EXPECT_EQ(
      send({.target = "/endpoints/a_b/invocations", .body = "x"}).headers.get("x-amzn-errortype"),
      "ValidationError");
}

}  // namespace
}  // namespace clary::services
