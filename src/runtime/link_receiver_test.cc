// What becomes of what a host reports.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

class LinkReceiverTest : public RuntimeFixture {};

TEST_F(LinkReceiverTest, AMetricThatIsNoFiniteNumberIsSaidAtOnce) {
  domain::Job job{.name = JobName("j"), .gang = GangId("g")};
  job.spec.image = "pytorch-training:1";
  job.spec.instance_type = "ml.m5.xlarge";
  job.spec.metrics = {{.name = "loss", .pattern = "loss=(\\S+)"}};
  job.spec.output_uri = job.output_uri = "s3://out/x";
  ASSERT_TRUE(server_->changes.create(job, {}, {}).ok());
  run();
  ASSERT_TRUE(report_phase(job.name, "training").ok());
  ASSERT_TRUE(report_lines(job.name, {"loss=1", "loss=nan"}).ok());
  EXPECT_TRUE(noticed(job.name, "metric 'loss': the value 'nan' is no finite number"));
  ASSERT_TRUE(resend(job.name).ok());
  ASSERT_TRUE(report_lines(job.name, {"loss=nan"}).ok());
  const auto events = jobs_.events(job.kind, job.name).value();
  EXPECT_EQ(
      std::ranges::count_if(
          events, [](const auto& e) { return e.message.find("finite") != std::string::npos; }),
      1);
}

}  // namespace
}  // namespace clary::runtime
