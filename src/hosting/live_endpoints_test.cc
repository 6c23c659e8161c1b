// Which instance a call goes to, what its containers are sent, and what becomes of failures.
#include "hosting/live_endpoints.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/strings.h"
#include "hosting/container_call.h"
#include "hosting/live_endpoints_fixture.h"

namespace clary::hosting {
namespace {

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
                            .inference_id = "i",
                            .limit = std::chrono::seconds(2)});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(seen.get("X-Request-Id"), "id");
  EXPECT_EQ(seen.get("Content-Type"), "text/csv");
  EXPECT_EQ(seen.get("X-Amzn-SageMaker-Custom-Attributes"), "in");
  EXPECT_EQ(seen.get("X-Amzn-SageMaker-Target-Variant"), "v");
  EXPECT_EQ(seen.get("X-Amzn-SageMaker-Inference-Id"), "i");
  EXPECT_EQ(seen.get("X-Clary-Timeout-Ms"), "3000") << "its worker ends too";
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
    if (series.series.name == "InvocationModelErrors") {
      EXPECT_EQ(sum, 1);
    }
    if (series.series.name == "InvocationsPerInstance") {
      EXPECT_EQ(sum, 50);
    }
  }
}

}  // namespace
}  // namespace clary::hosting
