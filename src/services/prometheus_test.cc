#include "services/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/fake_job_store.h"
#include "domain/step.h"

namespace clary::services {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetricsPageTest : public testing::Test {
 protected:
  ManualClock clock_;
  telemetry::ServerMetrics requests_;
  domain::FakeJobStore jobs_;
  MetricsPage page_{requests_, jobs_, clock_,
                    [] { return net::ServerCounters{.connections_open = 3, .bytes_in = 77}; }};
};

TEST_F(MetricsPageTest, ShowsRequestsJobsConnectionsAndTheProcess) {
  domain::Job job;
  job.name = JobName("a");
  ASSERT_TRUE(jobs_.create(domain::begin(job, clock_.now()), {}).ok());
  job.kind = domain::JobKind::kServing;
  ASSERT_TRUE(jobs_.create(domain::begin(job, clock_.now()), {}).ok());
  requests_.count({"sts", "GetCallerIdentity", 200, std::chrono::milliseconds(1)});
  clock_.advance(std::chrono::seconds(5));
  const std::string text = page_.render();
  for (const char* line :
       {"clary_requests_total{service=\"sts\",operation=\"GetCallerIdentity\",status=\"200\"} 1\n",
        "clary_jobs{phase=\"Pending\"} 1\n", "clary_jobs{phase=\"Training\"} 0\n",
        "clary_connections_open 3\n", "clary_received_bytes_total 77\n", "clary_uptime_seconds 5\n",
        "process_start_time_seconds 1700000000\n", "process_resident_memory_bytes "}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

}  // namespace
}  // namespace clary::services
