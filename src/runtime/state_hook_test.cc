#include "runtime/state_hook.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace clary::runtime {
namespace {

domain::Job failed_job() {
  domain::Job job;
  job.name = JobName("j");
  job.phase = domain::Phase::kFailed;
  job.failure_reason = "AlgorithmError: \"x\"";
  return job;
}

TEST(StateHook, SaysWhatHasChanged) {
  const Document text =
      parse_json(StateHook::text_of(failed_job(), {.phase = domain::Phase::kFailed,
                                                   .message = "Training job failed"}))
          .value();
  EXPECT_EQ(text.string_or("job", ""), "j");
  EXPECT_EQ(text.string_or("phase", ""), "Failed");
  EXPECT_EQ(text.string_or("failure_reason", ""), "AlgorithmError: \"x\"");
  const Document running =
      parse_json(StateHook::text_of(failed_job(), {.phase = domain::Phase::kTraining})).value();
  EXPECT_EQ(running.string_or("status", ""), "InProgress");
  EXPECT_EQ(running.find("failure_reason"), nullptr);
}

TEST(StateHook, ACommandThatFailsIsToldAgain) {
  const StateHook told({.command = {"/bin/sh", "-c", "test \"$CLARY_EVENT\" = word"}});
  EXPECT_TRUE(told.tell("word").ok());
  const Status refused = told.tell("other");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "hook '/bin/sh': exit code 1: ");
  EXPECT_FALSE(StateHook({.command = {"/no/such/program"}}).tell("x").ok());
  EXPECT_FALSE(StateHook({.url = "http://127.0.0.1:1/x"}).tell("x").ok());
}

}  // namespace
}  // namespace clary::runtime
