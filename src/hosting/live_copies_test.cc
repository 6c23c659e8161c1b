// Copies of calls: captured, and sent to shadow variants; calls that find no instance.
#include <gtest/gtest.h>

#include <algorithm>

#include "hosting/live_endpoints_fixture.h"

namespace clary::hosting {
namespace {

TEST_F(LiveEndpointsTest, SampledCallsAreCapturedWithTheirAnswers) {
  std::vector<CapturedCall> taken;
  live_.set_on_captured([&](CapturedCall call) { taken.push_back(std::move(call)); });
  LiveVariant variant{.name = "v", .role = "arn:role"};
  variant.instances = {instance({says("answer")})};
  capture_at(20, variant, live_);
  random_ = 0.2;
  EXPECT_EQ(call()->body, "answer");
  EXPECT_TRUE(taken.empty()) << "20 % are below 0.2";
  random_ = 0.19;
  EXPECT_EQ(call({.content_type = "text/csv", .inference_id = "i"})->body, "answer");
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].endpoint, EndpointName("E"));
  EXPECT_EQ(taken[0].variant, "v");
  EXPECT_EQ(taken[0].role, "arn:role");
  EXPECT_EQ(taken[0].inference_id, "i");
  EXPECT_EQ(taken[0].input, "x");
  EXPECT_EQ(taken[0].input_type, "text/csv");
  EXPECT_EQ(taken[0].output, "answer");
  EXPECT_EQ(taken[0].output_type, "text/plain");
  variant.instances = {
      instance({[](const net::ClientRequest&) -> Reply { return text("boom", 500); }})};
  capture_at(20, variant, live_);
  EXPECT_EQ(call()->status, 500);
  EXPECT_EQ(taken.size(), 1U) << "what fails is not captured";
}

TEST_F(LiveEndpointsTest, AStreamIsCapturedWhenItHasComeToItsEnd) {
  std::vector<CapturedCall> taken;
  live_.set_on_captured([&](CapturedCall call) { taken.push_back(std::move(call)); });
  LiveVariant variant{.name = "v"};
  variant.instances = {instance({says("abc")})};
  capture_at(100, variant, live_);
  const EndpointCall wanted{.endpoint = EndpointName("e"), .body = "x"};
  std::string piece(2, '\0');
  for (const bool to_its_end : {false, true}) {
    auto stream = live_.invoke_streaming(wanted);
    ASSERT_TRUE(stream.ok() && stream->pieces != nullptr);
    EXPECT_EQ(stream->pieces->read(piece).value_or(0), 2U);
    EXPECT_EQ(stream->pieces->read(piece).value_or(0), 1U);
    EXPECT_TRUE(taken.empty());
    if (to_its_end) {
      EXPECT_EQ(stream->pieces->read(piece).value_or(1), 0U);
    }
  }
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].input, "x");
  EXPECT_EQ(taken[0].output, "abc");
  EXPECT_EQ(taken[0].output_type, "text/plain");
}

TEST_F(LiveEndpointsTest, ACallThatIsTooLargeIsCapturedWithoutItsBodies) {
  LiveEndpoints live(clock_, metrics_, [] { return 0.0; }, {.most_captured_bytes = 4});
  std::vector<CapturedCall> taken;
  live.set_on_captured([&](CapturedCall call) { taken.push_back(std::move(call)); });
  LiveVariant variant{.name = "v"};
  variant.instances = {instance({says("abc")})};
  capture_at(100, variant, live);
  for (const char* body : {"1", "12", "12345"})
    EXPECT_TRUE(live.invoke({.endpoint = EndpointName("E"), .body = body}).ok());
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_FALSE(taken[0].too_large);
  EXPECT_EQ(taken[0].input + taken[0].output, "1abc");
  for (const CapturedCall& large : {taken[1], taken[2]}) {
    EXPECT_TRUE(large.too_large);
    EXPECT_EQ(large.input + large.output, "");
  }
}

TEST_F(LiveEndpointsTest, AShadowGetsCopiesAndAnswersNobody) {
  std::vector<EndpointCall> copies;
  live_.set_on_shadowed([&](EndpointCall call) { copies.push_back(std::move(call)); });
  LiveVariant open{.name = "v", .weight = 2};
  open.instances = {instance({says("answer")})};
  LiveVariant shadow{.name = "s", .weight = 1, .shadow = true};
  shadow.instances = {instance({says("shadow")})};
  serve({open, shadow});
  random_ = 0.5;
  EXPECT_EQ(call()->body, "answer");
  EXPECT_TRUE(copies.empty()) << "its weight is half of that of the others";
  random_ = 0.49;
  EXPECT_EQ(call()->body, "answer");
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_EQ(copies[0].target_variant, "s");
  EXPECT_EQ(copies[0].body, "x");
  EXPECT_EQ(live_.invoke_shadow(copies[0])->body, "shadow");
  EXPECT_EQ(copies.size(), 1U) << "a copy is not copied";
  EXPECT_TRUE(refusal({.target_variant = "s"}).starts_with("InvalidArgument: "));
}

TEST_F(LiveEndpointsTest, CallsThatFindNoInstanceCountToo) {
  serve(std::vector<LiveVariant>{LiveVariant{.name = "v"}});
  EXPECT_TRUE(refusal({}).starts_with("Unavailable: "));
  EXPECT_TRUE(refusal({.target_variant = "w"}).starts_with("InvalidArgument: "));
  auto counted = sums();
  EXPECT_EQ(counted["Invocations"], 1) << "none of a variant that is not there";
  EXPECT_EQ(counted["Invocation5XXErrors"], 1);
  EXPECT_FALSE(counted.contains("ModelLatency"));
  EXPECT_FALSE(counted.contains("InvocationModelErrors"));
}

TEST_F(LiveEndpointsTest, AThrottledCallCountsAsTheClientsAlsoOnItsWayToAnother) {
  LiveVariant full{.name = "v"};
  full.gate = std::make_shared<CallGate>(0, clock_.steady());
  LiveVariant first{.name = "v"};
  first.instances = {instance({[&](const net::ClientRequest&) -> Reply {
    serve(std::vector<LiveVariant>{full});
    return unavailable("it has ended");
  }})};
  serve(std::vector<LiveVariant>{first});
  EXPECT_TRUE(refusal({}).starts_with("LimitExceeded: "));
  auto counted = sums();
  EXPECT_EQ(counted["Invocation4XXErrors"], 1);
  EXPECT_EQ(counted["Invocation5XXErrors"], 0);
}

}  // namespace
}  // namespace clary::hosting
