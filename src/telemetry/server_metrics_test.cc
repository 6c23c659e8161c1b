#include "telemetry/server_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clary::telemetry {
namespace {

using testing::HasSubstr;

TEST(ServerMetrics, CountsByServiceOperationAndStatus) {
  ServerMetrics metrics;
  const auto serve = [&](const char* operation, int status, Duration elapsed) {
    metrics.count({"s3", operation, status, elapsed});
  };
  serve("GetObject", 200, std::chrono::microseconds(500));
  serve("GetObject", 200, std::chrono::seconds(20));
  serve("GetObject", 404, std::chrono::microseconds(501));
  serve("PutObject", 200, std::chrono::milliseconds(1));
  PrometheusText page;
  metrics.write(page);
  const std::string& text = page.text();
  for (const char* line : {
           "clary_requests_total{service=\"s3\",operation=\"GetObject\",status=\"200\"} 2\n",
           "clary_requests_total{service=\"s3\",operation=\"GetObject\",status=\"404\"} 1\n",
           "clary_requests_total{service=\"s3\",operation=\"PutObject\",status=\"200\"} 1\n",
           "clary_request_seconds_bucket{service=\"s3\",operation=\"GetObject\",le=\"0.0005\"} 1\n",
           "clary_request_seconds_bucket{service=\"s3\",operation=\"GetObject\",le=\"0.001\"} 2\n",
           "clary_request_seconds_bucket{service=\"s3\",operation=\"GetObject\",le=\"10\"} 2\n",
           "clary_request_seconds_bucket{service=\"s3\",operation=\"GetObject\",le=\"+Inf\"} 3\n",
           "clary_request_seconds_count{service=\"s3\",operation=\"GetObject\"} 3\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace clary::telemetry
