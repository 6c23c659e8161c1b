// How long a call may take.
#include "serving/invocation_sink.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "serving/access_log.h"
#include "serving/model_shelf.h"

namespace clary::serving {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Remembers until when the call it was given may take.
class DeadlineShelf final : public ModelShelf {
 public:
  Readiness readiness() const override { return {}; }
  std::optional<Refusal> refusal(const std::string&, std::uint64_t) const override {
    return std::nullopt;
  }
  std::optional<Refusal> submit(const std::string&, PendingCall call) override {
    limit = call.deadline - call.arrived;
    call.answer(ModelAnswer());
    return std::nullopt;
  }
  void count(const std::string&, int, Duration, const StageTimes&) override {}
  void write_metrics(telemetry::PrometheusText&) const override {}

  Duration limit{0};
};

class InvocationSinkTest : public testing::Test {
 protected:
  Duration limit_of(const std::string& peer, std::optional<std::string> asked) {
    net::RequestHead head{.method = "POST", .target = "/invocations"};
    head.origin.peer = peer;
    if (asked) head.headers.add("X-Clary-Timeout-Ms", *std::move(asked));
    FrontCall call(front_, head);
    InvocationSink sink(front_, {.timeout = seconds(60)}, std::move(head), std::move(call), "",
                        false);
    EXPECT_TRUE(sink.write("x").ok());
    [[maybe_unused]] const net::Reply reply = sink.finish();
    return shelf_.limit;
  }

  ManualClock clock_;
  CountingIds ids_;
  DeadlineShelf shelf_;
  AccessLog log_{Fd(), clock_};
  FrontParts front_{.models = shelf_, .log = log_, .clock = clock_, .ids = ids_};
};

TEST_F(InvocationSinkTest, TheServerMayGiveACallLessTime) {
  EXPECT_EQ(limit_of("unix", std::nullopt), seconds(60));
  EXPECT_EQ(limit_of("unix", "1500"), milliseconds(1500));
  EXPECT_EQ(limit_of("unix", "60001"), seconds(60)) << "never more";
  for (const char* wrong : {"0", "-1", "x", "", "99999999999999999999"})
    EXPECT_EQ(limit_of("unix", wrong), seconds(60)) << wrong;
}

TEST_F(InvocationSinkTest, ANetworksCallersMayNot) {
  EXPECT_EQ(limit_of("127.0.0.1:4580", "1500"), seconds(60));
}

}  // namespace
}  // namespace clary::serving
