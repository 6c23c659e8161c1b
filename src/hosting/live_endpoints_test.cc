// Which instance a call goes to, what its containers are sent, and what becomes of failures.
#include "hosting/live_endpoints.h"

#include <gtest/gtest.h>

#include <span>
#include <thread>

#include "base/strings.h"
#include "hosting/container_call.h"
#include "hosting/endpoint_fixture.h"

namespace clary::hosting {
namespace {

using Reply = Result<net::ClientReply>;

net::ClientReply text(std::string body, int status = 200) {
  net::ClientReply reply{.status = status};
  reply.headers.add("Content-Type", "text/plain");
  reply.body = std::move(body);
  return reply;
}

std::shared_ptr<LiveInstance> instance(std::vector<FakeInstanceLink::Answer> answers) {
  std::vector<LiveContainer> containers;
  for (auto& answer : answers) {
    LiveContainer& one = containers.emplace_back();
    one.name = answers.size() == 1 ? "primary" : "c" + std::to_string(containers.size());
    one.log_stream = LogStream("stream-" + one.name);
    one.link = std::make_shared<FakeInstanceLink>(std::move(answer));
  }
  return std::make_shared<LiveInstance>(std::move(containers));
}

FakeInstanceLink::Answer says(std::string body) {
  return [body](const net::ClientRequest&) -> Reply { return text(body); };
}

FakeInstanceLink::Answer fails(Error error) {
  return [error](const net::ClientRequest&) -> Reply { return error; };
}

class LiveEndpointsTest : public testing::Test {
 protected:
  void serve(std::vector<LiveVariant> variants,
             domain::EndpointStatus status = domain::EndpointStatus::kInService) {
    LiveTable table;
    table.emplace(
        "e",
        LiveEndpoint{.name = EndpointName("E"), .status = status, .variants = std::move(variants)});
    live_.replace(std::make_shared<const LiveTable>(std::move(table)));
  }
  void serve(std::vector<std::shared_ptr<LiveInstance>> instances) {
    LiveVariant variant{.name = "v"};
    variant.instances = std::move(instances);
    serve(std::vector<LiveVariant>{variant});
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

  ManualClock clock_;
  EndpointMetrics metrics_;
  double random_ = 0;
  LiveEndpoints live_{clock_, metrics_, [this] { return random_; }, {.patience = Duration(0)}};
};

TEST_F(LiveEndpointsTest, VariantsByWeightOrByName) {
  LiveVariant a{.name = "a", .weight = 1};
  a.instances = {instance({says("a")})};
  LiveVariant b{.name = "b", .weight = 3};
  b.instances = {instance({says("b")})};
  serve({a, b});
  EXPECT_EQ(call()->body, "a");
  random_ = 0.24;
  EXPECT_EQ(call()->variant, "a");
  random_ = 0.26;
  EXPECT_EQ(call()->variant, "b");
  EXPECT_EQ(call({.target_variant = "a"})->body, "a");
  EXPECT_TRUE(refusal({.target_variant = "c"}).starts_with("InvalidArgument: "));
}

TEST_F(LiveEndpointsTest, TheInstanceWithTheFewestCallsUnderWay) {
  const auto busy = instance({says("busy")});
  const auto idle = instance({says("idle")});
  serve({busy, idle});
  busy->begin_call();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(call()->body, "idle");
  EXPECT_EQ(idle->calls_under_way(), 0);
}

TEST_F(LiveEndpointsTest, WhatWasNotReadGoesToAnotherInstanceWhatWasReadFails) {
  int told = 0;
  live_.set_on_unreachable([&] { ++told; });
  serve({instance({fails(unavailable("reset"))}), instance({says("other")})});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(call()->body, "other");
  EXPECT_GT(told, 0);
  serve({instance({fails(unavailable("reset"))})});
  EXPECT_TRUE(refusal({}).starts_with("Unavailable: "));
  serve({instance({fails(internal_error("broke off"))})});
  EXPECT_EQ(call()->status, 500);
  serve({instance({fails(timed_out("60 s"))})});
  EXPECT_TRUE(refusal({}).starts_with("Timeout: Your invocation timed out"));
}

TEST_F(LiveEndpointsTest, APipelineGoesOnWithTheOutputAndEndsAtAFailure) {
  std::string accepted = "-";
  const auto first = [&](const net::ClientRequest& request) -> Reply {
    EXPECT_EQ(request.headers.find("Accept"), nullptr) << "the caller's is for the last";
    return text(request.body + "1");
  };
  const auto second = [&](const net::ClientRequest& request) -> Reply {
    accepted = request.headers.get("Accept");
    EXPECT_EQ(request.headers.get("Content-Type"), "text/plain");
    return text(request.body + "2");
  };
  serve({instance({first, second})});
  const auto answer = call({.content_type = "text/csv", .accept = "a/b"});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "x12");
  EXPECT_EQ(answer->container, "c2");
  EXPECT_EQ(accepted, "a/b");
  const auto broken = [](const net::ClientRequest&) -> Reply { return text("boom", 500); };
  serve({instance({broken, second})});
  EXPECT_EQ(call()->container, "c1");
  EXPECT_EQ(call()->log_stream, LogStream("stream-c1"));
}

TEST_F(LiveEndpointsTest, ContainersThatAreCalledByTheirNames) {
  LiveVariant variant{.name = "v", .direct = true};
  variant.instances = {instance({says("one"), says("two")})};
  serve({variant});
  EXPECT_EQ(call({.target_container = "c2"})->body, "two");
  EXPECT_TRUE(refusal({.target_container = "c3"}).starts_with("InvalidArgument: "));
  EXPECT_TRUE(refusal({}).starts_with("InvalidArgument: "));
}

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
  double failures = 0;
  for (const telemetry::SeriesSamples& series : metrics_.take(TimePoint())) {
    for (const telemetry::Sample& sample : series.samples)
      failures += series.series.name == "Invocation5XXErrors" ? sample.value : 0;
  }
  EXPECT_EQ(failures, 1);
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

TEST_F(LiveEndpointsTest, HeadersOfTheContractGoInAndOut) {
  net::Headers seen;
  serve({instance({[&](const net::ClientRequest& request) -> Reply {
    seen = request.headers;
    net::ClientReply reply = text("");
    reply.headers.add("X-Amzn-SageMaker-Custom-Attributes", "out");
    reply.headers.add("X-Amzn-SageMaker-New-Session-Id", "s");
    return reply;
  }})});
  const auto answer = call({.request_id = "id",
                            .content_type = "text/csv",
                            .custom_attributes = "in",
                            .target_variant = "v",
                            .inference_id = "i"});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(seen.get("X-Request-Id"), "id");
  EXPECT_EQ(seen.get("Content-Type"), "text/csv");
  EXPECT_EQ(seen.get("X-Amzn-SageMaker-Custom-Attributes"), "in");
  EXPECT_EQ(seen.get("X-Amzn-SageMaker-Target-Variant"), "v");
  EXPECT_EQ(seen.get("X-Amzn-SageMaker-Inference-Id"), "i");
  EXPECT_EQ(answer->custom_attributes, "out");
  EXPECT_EQ(answer->new_session_id, "s");
  EXPECT_EQ(answer->content_type, "text/plain");
}

TEST_F(LiveEndpointsTest, OneOfManyModelsIsLoadedWhereItIsNotThere) {
  std::vector<std::string> asked;
  bool loaded = false;
  const std::string name = model_name_of("s3://b/models/a/x.tar.gz");
  std::vector<LiveContainer> containers(1);
  containers[0].name = "primary";
  containers[0].many_models = true;
  containers[0].model_uri = "s3://b/models";
  containers[0].link =
      std::make_shared<FakeInstanceLink>([&](const net::ClientRequest& request) -> Reply {
        asked.push_back(request.target);
        if (request.target == "/models") {
          EXPECT_NE(request.body.find("s3://b/models/a/x.tar.gz"), std::string::npos);
          loaded = true;
          return text("");
        }
        return loaded ? text("answer") : text("no such model", 404);
      });
  serve({std::make_shared<LiveInstance>(containers)});
  EXPECT_EQ(call({.target_model = "a/x.tar.gz"})->body, "answer");
  EXPECT_EQ(join(asked, " "), "/models/" + name + "/invoke /models /models/" + name + "/invoke");
  EXPECT_TRUE(refusal({}).starts_with("InvalidArgument: "));
  serve({instance({says("one")})});
  EXPECT_TRUE(refusal({.target_model = "a"}).starts_with("InvalidArgument: "));
}

TEST_F(LiveEndpointsTest, OneContainerOfAPipelineMayHostManyModels) {
  std::vector<std::string> asked;
  std::vector<LiveContainer> containers(2);
  for (LiveContainer& container : containers) {
    container.link =
        std::make_shared<FakeInstanceLink>([&](const net::ClientRequest& request) -> Reply {
          asked.push_back(request.target);
          return text("answer");
        });
  }
  containers[1].many_models = true;
  containers[1].model_uri = "s3://b/models";
  serve({std::make_shared<LiveInstance>(containers)});
  EXPECT_TRUE(refusal({}).starts_with("InvalidArgument: "));
  EXPECT_TRUE(asked.empty()) << "no container runs for a call that is refused";
  EXPECT_EQ(call({.target_model = "a"})->body, "answer");
  EXPECT_EQ(join(asked, " "),
            "/invocations /models/" + model_name_of("s3://b/models/a") + "/invoke");
}

TEST_F(LiveEndpointsTest, NoMoreCallsThanLeaveThreadsToOthers) {
  LiveEndpoints live(clock_, metrics_, [] { return 0.0; }, {.most_calls = 1});
  const EndpointCall wanted{.endpoint = EndpointName("E"), .body = "x"};
  bool was_refused = false;
  LiveVariant variant{.name = "v"};
  variant.instances = {instance({[&](const net::ClientRequest&) -> Reply {
    const auto second = live.invoke(wanted);
    was_refused = !second.ok() && second.error().code == ErrorCode::kUnavailable;
    return text("first");
  }})};
  LiveEndpoint endpoint{.name = EndpointName("E"),
                        .status = domain::EndpointStatus::kInService,
                        .variants = {variant}};
  live.replace(std::make_shared<const LiveTable>(LiveTable{{"e", std::move(endpoint)}}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(live.invoke(wanted)->body, "first") << "a call that has ended counts no more";
    EXPECT_TRUE(was_refused);
  }
}

TEST_F(LiveEndpointsTest, ACallWaitsForTheFirstTable) {
  LiveEndpoints live(clock_, metrics_, [] { return 0.0; });
  const std::jthread caller([&] {
    const auto answer = live.invoke({.endpoint = EndpointName("E"), .body = "x"});
    EXPECT_TRUE(answer.ok()) << answer.error().message;
  });
  LiveVariant variant{.name = "v"};
  variant.instances = {instance({says("there")})};
  LiveEndpoint endpoint{.name = EndpointName("E"),
                        .status = domain::EndpointStatus::kInService,
                        .variants = {variant}};
  live.replace(std::make_shared<const LiveTable>(LiveTable{{"e", std::move(endpoint)}}));
}

TEST_F(LiveEndpointsTest, WhatTakesNoCallsSaysWhy) {
  EXPECT_TRUE(refusal({}).starts_with("Unavailable: ")) << "nobody has looked yet";
  live_.replace(std::make_shared<const LiveTable>());
  EXPECT_TRUE(refusal({}).starts_with("NotFound: "));
  serve(std::vector<LiveVariant>{}, domain::EndpointStatus::kCreating);
  EXPECT_NE(refusal({}).find("while it is Creating"), std::string::npos);
  serve(std::vector<LiveVariant>{LiveVariant{.name = "v"}});
  EXPECT_TRUE(refusal({}).starts_with("Unavailable: "));
}

TEST(EndpointMetrics, LatenciesKeepTheirPercentiles) {
  EndpointMetrics metrics;
  for (int i = 1; i <= 100; ++i) {
    metrics.count({.endpoint = EndpointName("E"),
                   .variant = "v",
                   .status = i == 1 ? 500 : 200,
                   .model = Duration(i * 1000),
                   .instances = 2});
  }
  const auto taken = metrics.take(TimePoint());
  EXPECT_TRUE(metrics.take(TimePoint()).empty());
  for (const telemetry::SeriesSamples& series : taken) {
    double count = 0;
    double sum = 0;
    for (const telemetry::Sample& sample : series.samples) {
      count += sample.count();
      sum += sample.value;
      ASSERT_TRUE(sample.set);
      EXPECT_EQ(sample.set->minimum * sample.set->count, sample.value) << "each value is known";
    }
    EXPECT_EQ(count, 100) << series.series.name;
    if (series.series.name == "ModelLatency") {
      EXPECT_NEAR(sum, 5050e3, 1);
    }
    if (series.series.name == "Invocation5XXErrors") {
      EXPECT_EQ(sum, 1);
    }
    if (series.series.name == "InvocationsPerInstance") {
      EXPECT_EQ(sum, 50);
    }
  }
}

}  // namespace
}  // namespace clary::hosting
