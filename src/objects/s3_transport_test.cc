#include "objects/s3_transport.h"

#include <gtest/gtest.h>

#include <deque>

#include "objects/remote_s3_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

// Answers what it was told to, one after another.
class ScriptedTransport final : public S3Transport {
 public:
  explicit ScriptedTransport(std::deque<Result<net::ClientReply>> answers)
      : answers_(std::move(answers)) {}
  Result<net::ClientReply> send(const S3Request&) override {
    if (answers_.empty()) return unavailable("connection refused");
    Result<net::ClientReply> answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

 private:
  std::deque<Result<net::ClientReply>> answers_;
};

net::ClientReply status(int code) {
  net::ClientReply reply;
  reply.status = code;
  return reply;
}

class RetryTest : public testing::Test {
 protected:
  Result<net::ClientReply> send(std::deque<Result<net::ClientReply>> answers,
                                RetryPolicy policy = {}) {
    const Waiter wait = [this](Duration pause) -> Status {
      if (stopping_) return cancelled("stopping");
      waits_.push_back(pause);
      clock_.advance(pause);
      return {};
    };
    return make_retrying_transport(std::make_unique<ScriptedTransport>(std::move(answers)), clock_,
                                   wait, policy)
        ->send({.method = "PUT"});
  }

  ManualClock clock_;
  std::vector<Duration> waits_;
  bool stopping_ = false;
};

TEST(RemoteAbsence, TellsTheKeyFromTheBucket) {
  const ManualClock clock;
  const auto told = [&](int of_bucket) {
    RemoteS3Store store(std::make_unique<ScriptedTransport>(
                            std::deque<Result<net::ClientReply>>{status(404), status(of_bucket)}),
                        clock);
    return store.head(BucketName("b"), ObjectKey("k")).error().message;
  };
  EXPECT_EQ(told(200), "bucket 'b': key 'k': not there");
  EXPECT_EQ(told(403), "bucket 'b': key 'k': not there") << "it is somebody's";
  EXPECT_EQ(told(404), "bucket 'b': not there");
}

TEST(RemoteCopies, OnlyAFailedConditionIsAChangedSource) {
  const ManualClock clock;
  const auto refused = [&](int code, std::string_view s3_code) {
    net::ClientReply reply = status(code);
    reply.body = "<Error><Code>" + std::string(s3_code) + "</Code><Message>why</Message></Error>";
    RemoteS3Store store(
        std::make_unique<ScriptedTransport>(std::deque<Result<net::ClientReply>>{std::move(reply)}),
        clock);
    return store
        .copy({.from_bucket = BucketName("b"),
               .from_key = ObjectKey("from"),
               .from_etag = "0123",
               .to = {.bucket = BucketName("b"), .key = ObjectKey("to")}})
        .error();
  };
  EXPECT_TRUE(is_changed_source(refused(412, "PreconditionFailed")));
  EXPECT_TRUE(is_changed_source(refused(200, "PreconditionFailed"))) << "told late";
  for (const int code : {409, 200}) {
    const Error other = refused(code, code == 409 ? "OperationAborted" : "InvalidPart");
    EXPECT_FALSE(is_changed_source(other));
    EXPECT_EQ(other.code, ErrorCode::kUnavailable);
    EXPECT_NE(other.message.find("why"), std::string::npos) << other.message;
  }
  EXPECT_EQ(refused(403, "AccessDenied").code, ErrorCode::kDenied);
}

TEST_F(RetryTest, AServerThatComesBackIsNotNoticed) {
  const auto reply =
      send({unavailable("refused"), timed_out("silent"), status(503), status(500), status(200)});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 200);
  using std::chrono::milliseconds;
  EXPECT_EQ(waits_, (std::vector<Duration>{milliseconds(50), milliseconds(100), milliseconds(200),
                                           milliseconds(400)}));
}

TEST_F(RetryTest, AnswersThatWillNotChangeAreGivenAtOnce) {
  for (const int code : {200, 304, 400, 403, 404, 412, 501, 507}) {
    EXPECT_EQ(send({status(code), status(200)})->status, code);
  }
  EXPECT_EQ(send({denied("no credentials")}).error().code, ErrorCode::kDenied);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(RetryTest, GivesUpWhenTheTimeIsOver) {
  const auto reply = send({}, {.give_up_after = std::chrono::seconds(10)});
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  Duration waited{0};
  for (const Duration wait : waits_) waited += wait;
  EXPECT_LE(waited, std::chrono::seconds(10));
  EXPECT_GT(waited, std::chrono::seconds(7));
  EXPECT_EQ(waits_.back(), std::chrono::seconds(2));
}

TEST_F(RetryTest, StopsWhenItsCallerStops) {
  stopping_ = true;
  EXPECT_EQ(send({}).error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace clary::objects
