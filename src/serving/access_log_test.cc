// What the access log tells, and how it is written.
#include "serving/access_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/pipe.h"
#include "serving/model_front_fixture.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;

class PingLogTest : public ModelFrontTest {
 protected:
  // What the log has of a ping that succeeds, one that fails and an invocation.
  std::string logged(FrontOptions options) {
    auto pipe = make_pipe();
    EXPECT_TRUE(pipe.ok());
    AccessLog log(std::move(pipe->writer), clock_);
    ModelFront front(FrontParts{.models = models_, .log = log, .clock = clock_, .ids = ids_},
                     options);
    serve();
    const auto ask_front = [&front](const std::string& target) {
      net::RequestHead head{.method = "GET", .target = target};
      head.headers.add("Host", "localhost");
      static_cast<void>(front.start(std::move(head)));
    };
    for (const char* target : {"/ping", "/v2/health/ready", "/metrics"}) ask_front(target);
    models_.set(nullptr);
    ask_front("/ping?late");
    std::string text;
    while (text.find("late") == std::string::npos) {
      std::string piece(4096, '\0');
      const ssize_t count = ::read(pipe->reader.get(), piece.data(), piece.size());
      if (count <= 0) return text + "<the end>";
      text.append(piece, 0, static_cast<std::size_t>(count));
    }
    return text;
  }
};

TEST_F(PingLogTest, PingsThatSucceedAreNotToldAndFailuresAre) {
  const std::string text = logged({});
  EXPECT_EQ(text.find("/ping\""), std::string::npos) << text;
  EXPECT_EQ(text.find("/v2/health/ready"), std::string::npos) << text;
  EXPECT_NE(text.find("\"GET /metrics\" 200"), std::string::npos) << text;
  EXPECT_NE(text.find("\"GET /ping?late\" 503"), std::string::npos) << text;
}

TEST_F(PingLogTest, AllAreToldWhereThatIsAskedFor) {
  const std::string text = logged({.log_pings = true});
  EXPECT_NE(text.find("\"GET /ping\" 200"), std::string::npos) << text;
  EXPECT_NE(text.find("\"GET /v2/health/ready\" 200"), std::string::npos) << text;
}

TEST(AccessLine, HasTheStagesAndNothingThatLooksLikeAnotherLine) {
  AccessLine line{.id = "r1",
                  .peer = "127.0.0.1:4711",
                  .method = "POST",
                  .target = "/invocations?a=\"\n",
                  .status = 200,
                  .bytes_in = 7,
                  .bytes_out = 20,
                  .total = Duration(1500)};
  line.times.queue = Duration(100);
  EXPECT_EQ(access_line_text(TimePoint(seconds(1'700'000'000)), line),
            "2023-11-14T22:13:20.000Z 127.0.0.1:4711 \"POST /invocations?a=\\x22\\x0a\" 200 in=7 "
            "out=20 queue=0.1ms total=1.5ms id=r1");
  line.is_whole = false;
  EXPECT_NE(access_line_text(TimePoint(seconds(0)), line).find(" out=20 broken-off "),
            std::string::npos);
}

TEST(AccessLog, DoesNotWaitForWhoDoesNotRead) {
  const SystemClock clock;
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe.ok());
  AccessLog log(std::move(pipe->writer), clock);
  const std::string target(1000, 'x');
  for (int i = 0; i < 1000; ++i) log.write({.id = "r1", .method = "GET", .target = target});
  char byte = 0;
  EXPECT_EQ(::read(pipe->reader.get(), &byte, 1), 1) << "lines arrive";
}  // and its end does not wait either

}  // namespace
}  // namespace clary::serving
