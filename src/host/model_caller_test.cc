#include "host/model_caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

net::ClientReply reply_of(int status, std::string body, const std::string& type = "") {
  net::ClientReply reply{.status = status};
  reply.body = std::move(body);
  if (!type.empty()) reply.headers.add("Content-Type", type);
  return reply;
}

class ModelCallerTest : public testing::Test {
 protected:
  using Answer = Result<net::ClientReply>;
  struct Link final : ModelLink {
    explicit Link(ModelCallerTest& owner) : test(owner) {}
    Result<net::ClientReply> send(const net::ClientRequest& request, Duration limit) override {
      test.asked_.push_back(request);
      test.limit_ = limit;
      Answer answer = test.answers_.front();
      if (test.answers_.size() > 1) test.answers_.pop_front();
      return answer;
    }
    ModelCallerTest& test;
  };

  CallerPauses pauses() {
    return {.pause = [this](Duration time) { pauses_.push_back(time); },
            .given_up = [this] { return pauses_.size() >= give_up_after_; }};
  }
  std::string ask(const std::string& body = "1,2") {
    Link link(*this);
    const Result<ModelReply> reply = ModelCaller(link, transform_, pauses()).ask(body);
    return reply.ok() ? reply->content_type + "|" + reply->body : reply.error().message;
  }
  std::string wait() {
    const auto ready = wait_for_model(
        [this]() -> Result<std::unique_ptr<ModelLink>> {
          if (refused_-- > 0) return not_found("no socket");
          return std::unique_ptr<ModelLink>(std::make_unique<Link>(*this));
        },
        pauses());
    return ready.ok() ? "ready" : ready.error().message;
  }

  hostlink::PlanTransform transform_{.content_type = "text/csv", .accept = "application/json"};
  std::deque<Answer> answers_ = {reply_of(200, "[1]", "application/json")};
  std::vector<net::ClientRequest> asked_;
  Duration limit_{};
  std::vector<Duration> pauses_;
  std::size_t give_up_after_ = 100'000;
  int refused_ = 0;
};

TEST_F(ModelCallerTest, AsksAsSageMakerDoes) {
  transform_.timeout_seconds = 7;
  EXPECT_EQ(ask(), "application/json|[1]");
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].method, "POST");
  EXPECT_EQ(asked_[0].target, "/invocations");
  EXPECT_EQ(asked_[0].body, "1,2");
  EXPECT_EQ(asked_[0].headers.get("Content-Type"), "text/csv");
  EXPECT_EQ(asked_[0].headers.get("Accept"), "application/json");
  EXPECT_EQ(limit_, Duration(7s));
  transform_ = {};
  EXPECT_EQ(ask(), "application/json|[1]");
  EXPECT_EQ(asked_[1].headers.find("Content-Type"), nullptr);
  EXPECT_EQ(asked_[1].headers.find("Accept"), nullptr);
}

TEST_F(ModelCallerTest, TriesAgainWhatMayPass) {
  answers_ = {reply_of(503, ""), Answer(unavailable("refused")), Answer(timed_out("slow")),
              reply_of(200, "x")};
  EXPECT_EQ(ask(), "|x");
  EXPECT_EQ(asked_.size(), 4U);
  EXPECT_THAT(pauses_, ElementsAre(Duration(200ms), Duration(400ms), Duration(800ms)));
}

TEST_F(ModelCallerTest, SaysWhatTheModelSaidLast) {
  transform_.max_retries = 1;
  answers_ = {reply_of(500, R"({"code":500,"type":"ModelError","message":"ValueError: row 7"})")};
  EXPECT_EQ(ask(), "Bad HTTP status received from algorithm: 500: ValueError: row 7");
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(ModelCallerTest, WhatIsWrongWithTheRequestIsNotTriedAgain) {
  answers_ = {reply_of(415, "no such type")};
  EXPECT_EQ(ask(), "Bad HTTP status received from algorithm: 415: no such type");
  EXPECT_EQ(asked_.size(), 1U);
  answers_ = {reply_of(400, "")};
  EXPECT_EQ(ask(), "Bad HTTP status received from algorithm: 400");
}

TEST_F(ModelCallerTest, WithoutRetriesItIsAskedOnce) {
  transform_.max_retries = 0;
  transform_.timeout_seconds = 5;
  answers_ = {Answer(timed_out("slow"))};
  EXPECT_EQ(ask(),
            "The model did not answer within 5 s (ModelClientConfig.InvocationsTimeoutInSeconds)");
  answers_ = {Answer(internal_error("broke off"))};
  EXPECT_EQ(ask(), "The model did not answer: broke off");
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(ModelCallerTest, GivesUpWhenItIsTold) {
  answers_ = {reply_of(503, "")};
  give_up_after_ = 1;
  EXPECT_THAT(ask(), HasSubstr("given up"));
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ModelCallerTest, WaitsUntilTheModelIsReady) {
  refused_ = 2;
  answers_ = {reply_of(503, R"({"type":"ServiceUnavailable","message":"loading"})"),
              reply_of(200, "")};
  EXPECT_EQ(wait(), "ready");
  EXPECT_EQ(pauses_.size(), 3U);
  EXPECT_EQ(asked_.back().target, "/ping");
}

TEST_F(ModelCallerTest, AModelThatCannotBeLoadedIsNotWaitedFor) {
  answers_ = {reply_of(503, R"({"code":503,"type":"ModelLoadFailed","message":"no module 'x'"})")};
  EXPECT_EQ(wait(), "The model did not pass the ping health check: no module 'x'");
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(ModelCallerTest, PatienceWithAModelEnds) {
  answers_ = {reply_of(503, "loading")};
  EXPECT_EQ(wait(), "The model did not pass the ping health check within 30 minutes: loading");
}

TEST_F(ModelCallerTest, PatienceWithAModelThatDoesNotAnswerEndsToo) {
  answers_ = {Answer(timed_out("slow"))};
  EXPECT_EQ(wait(), "The model did not pass the ping health check within 30 minutes");
  EXPECT_LE(asked_.size(), 30U * 60 / 5) << "each has waited for 5 s";
}

TEST_F(ModelCallerTest, ExecutionParametersAreAskedFor) {
  Link link(*this);
  answers_ = {reply_of(200, R"({"MaxConcurrentTransforms":4})")};
  EXPECT_EQ(ask_execution_parameters(link).max_concurrent, 4);
  EXPECT_EQ(asked_.back().target, "/execution-parameters");
  answers_ = {Answer(unavailable("gone"))};
  EXPECT_EQ(ask_execution_parameters(link).max_concurrent, std::nullopt);
}

}  // namespace
}  // namespace clary::host
