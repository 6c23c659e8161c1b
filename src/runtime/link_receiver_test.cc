// What becomes of what a host reports.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

class LinkReceiverTest : public RuntimeFixture {};

domain::Job job_of(const std::string& name) {
  domain::Job job{.name = JobName(name), .gang = GangId("gang-of-" + name)};
  job.spec.image = "pytorch-training:1";
  job.spec.instance_type = "ml.m5.xlarge";
  job.spec.output_uri = job.output_uri = "s3://out/x";
  return job;
}

TEST_F(LinkReceiverTest, WhatAHostHasKeptIsToldToWhoRemovesIt) {
  for (const char* name : {"uploaded", "kept"}) {
    const domain::Job job = job_of(name);
    ASSERT_TRUE(server_->changes.create(job, {}, {}).ok());
    run();
    ASSERT_TRUE(report_phase(job.name, "training").ok());
    Document ended = Document::object({{"phase", "ended"}, {"outcome", "failed"}});
    if (job.name.value() == "kept") ended.set("kept_in", Document("/data/kept/kept.g"));
    EXPECT_EQ(kept_more_, 0);
    ASSERT_TRUE(report(job.name, hostlink::RecordKind::kState, std::move(ended)).ok());
  }
  EXPECT_EQ(kept_more_, 1);
}

TEST_F(LinkReceiverTest, AMetricThatIsNoFiniteNumberIsSaidAtOnce) {
  domain::Job job = job_of("j");
  job.spec.metrics = {{.name = "loss", .pattern = "loss=(\\S+)"}};
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
