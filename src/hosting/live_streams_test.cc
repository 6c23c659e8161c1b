// Answers that come in pieces.
#include <gtest/gtest.h>

#include <span>

#include "hosting/live_endpoints_fixture.h"

namespace clary::hosting {
namespace {

std::string read_all(net::ByteSource& source) {
  std::string text;
  std::string piece(100, '\0');
  for (;;) {
    const auto count = source.read(piece);
    if (!count.ok()) return text + "[" + std::string(error_code_name(count.error().code)) + "]";
    if (*count == 0) return text;
    text.append(piece, 0, *count);
  }
}

class BrokenSource final : public net::ByteSource {
 public:
  Result<std::size_t> read(std::span<char>) override { return internal_error("broke off"); }
};

TEST_F(LiveEndpointsTest, AStreamKeepsItsInstanceBusyToItsEnd) {
  const auto one = instance({says("abc")});
  serve({one});
  auto stream = live_.invoke_streaming({.endpoint = EndpointName("e"), .body = "x"});
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(stream->answer.variant, "v");
  EXPECT_EQ(stream->answer.body, "");
  ASSERT_NE(stream->pieces, nullptr);
  EXPECT_EQ(one->calls_under_way(), 1);
  EXPECT_TRUE(metrics_.take(TimePoint()).empty()) << "counted before its end";
  EXPECT_EQ(read_all(*stream->pieces), "abc");
  stream->pieces.reset();
  EXPECT_EQ(one->calls_under_way(), 0);
  EXPECT_FALSE(metrics_.take(TimePoint()).empty());
}

TEST_F(LiveEndpointsTest, OnlyTheLastContainersSuccessIsAStream) {
  serve({instance({says("1"), says("2")})});
  auto stream = live_.invoke_streaming({.endpoint = EndpointName("e"), .body = "x"});
  ASSERT_TRUE(stream.ok() && stream->pieces != nullptr);
  EXPECT_EQ(read_all(*stream->pieces), "2");
  const auto broken = [](const net::ClientRequest&) -> Reply { return text("boom", 500); };
  serve({instance({broken})});
  auto failed = live_.invoke_streaming({.endpoint = EndpointName("e"), .body = "x"});
  ASSERT_TRUE(failed.ok());
  EXPECT_EQ(failed->pieces, nullptr);
  EXPECT_EQ(failed->answer.status, 500);
  EXPECT_EQ(failed->answer.body, "boom");
}

TEST_F(LiveEndpointsTest, AStreamThatBreaksOffIsAFailureOfTheModel) {
  std::vector<LiveContainer> containers(1);
  containers[0].name = "primary";
  auto link = std::make_shared<FakeInstanceLink>(says("abc"));
  link->make_body = [](const std::string&) { return std::make_unique<BrokenSource>(); };
  containers[0].link = std::move(link);
  serve({std::make_shared<LiveInstance>(containers)});
  {
    auto stream = live_.invoke_streaming({.endpoint = EndpointName("e"), .body = "x"});
    ASSERT_TRUE(stream.ok() && stream->pieces != nullptr);
    EXPECT_EQ(read_all(*stream->pieces), "[Internal]");
  }
  EXPECT_EQ(sums()["Invocation5XXErrors"], 1);
}

TEST_F(LiveEndpointsTest, AStreamHasAnEndHoweverOftenItsPiecesCome) {
  serve({instance({says("abc")})});
  auto stream = live_.invoke_streaming({.endpoint = EndpointName("e"), .body = "x"});
  ASSERT_TRUE(stream.ok() && stream->pieces != nullptr);
  std::string piece(1, '\0');
  EXPECT_EQ(stream->pieces->read(piece).value_or(0), 1U);
  clock_.advance(LiveEndpointsOptions().stream_limit);
  EXPECT_EQ(read_all(*stream->pieces), "[Timeout]");
}

TEST_F(LiveEndpointsTest, AStreamIsOneOfTheCallsUnderWayUntilItEnds) {
  LiveEndpoints live(clock_, metrics_, [] { return 0.0; }, {.most_calls = 1});
  LiveVariant variant{.name = "v"};
  variant.instances = {instance({says("abc")})};
  LiveEndpoint endpoint{.name = EndpointName("E"),
                        .status = domain::EndpointStatus::kInService,
                        .variants = {variant}};
  live.replace(std::make_shared<const LiveTable>(LiveTable{{"e", std::move(endpoint)}}));
  const EndpointCall wanted{.endpoint = EndpointName("E"), .body = "x"};
  auto first = live.invoke_streaming(wanted);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(live.invoke_streaming(wanted).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(live.invoke(wanted).error().code, ErrorCode::kUnavailable);
  first->pieces.reset();
  EXPECT_TRUE(live.invoke(wanted).ok());
}

}  // namespace
}  // namespace clary::hosting
