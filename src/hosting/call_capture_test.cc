// What a captured call looks like, where it is written, and when.
#include "hosting/call_capture.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/strings.h"
#include "base/time_text.h"
#include "hosting/fake_role_objects.h"
#include "telemetry/fake_log_store.h"

namespace clary::hosting {
namespace {

using std::chrono::seconds;

constexpr const char* kFolder = "s3://b/capture/E/v/2024/05/06/07/08-09-012-";

CapturedCall captured_call(domain::DataCapture rules = {}) {
  rules.uri = rules.uri.empty() ? "s3://b/capture" : rules.uri;
  rules.input = rules.output = true;
  CapturedCall call;
  call.endpoint = EndpointName("E");
  call.variant = "v";
  call.role = "arn:role";
  call.rules = std::make_shared<const domain::DataCapture>(rules);
  call.time = parse_time("2024-05-06T07:08:09.012Z").value();
  call.input_type = "text/csv; charset=utf-8";
  call.output_type = "application/json";
  call.input = "1,2\n";
  call.output = R"({"a": "é"})";
  return call;
}

TEST(CapturedCall, TextOfTheNamedTypesIsWrittenAsItIs) {
  CapturedCall call =
      captured_call({.csv_types = {"text/CSV"}, .json_types = {"application/json"}});
  EXPECT_EQ(captured_line(call, "id"),
            R"({"captureData":{"endpointInput":{"observedContentType":"text/csv; charset=utf-8",)"
            R"("mode":"INPUT","data":"1,2\n","encoding":"CSV"},"endpointOutput":)"
            R"({"observedContentType":"application/json","mode":"OUTPUT",)"
            R"("data":"{\"a\": \"é\"}","encoding":"JSON"}},)"
            R"("eventMetadata":{"eventId":"id","inferenceTime":"2024-05-06T07:08:09Z"},)"
            R"("eventVersion":"0"})");
}

TEST(CapturedCall, EveryOtherTypeAndWhatIsNoTextIsWrittenInBase64) {
  CapturedCall call = captured_call({.csv_types = {"text/csv"}});
  call.input = "\xFF\x01";
  call.inference_id = "mine";
  const Document line = parse_json(captured_line(call, "id")).value();
  const Document* data = line.find("captureData");
  EXPECT_EQ(data->find("endpointInput")->string_or("encoding", ""), "BASE64") << "no text";
  EXPECT_EQ(data->find("endpointInput")->string_or("data", ""), "/wE=");
  EXPECT_EQ(data->find("endpointOutput")->string_or("encoding", ""), "BASE64") << "not named";
  EXPECT_EQ(line.find("eventMetadata")->string_or("inferenceId", ""), "mine");
}

TEST(CapturedCall, OnlyWhatIsAskedForAndATypeOnlyWhereThereIsOne) {
  CapturedCall call = captured_call();
  domain::DataCapture rules = *call.rules;
  rules.output = false;
  call.rules = std::make_shared<const domain::DataCapture>(rules);
  call.input_type.reset();
  const Document line = parse_json(captured_line(call, "id")).value();
  EXPECT_EQ(line.find("captureData")->find("endpointOutput"), nullptr);
  EXPECT_EQ(line.find("captureData")->find("endpointInput")->find("observedContentType"), nullptr);
}

class CallCaptureTest : public testing::Test {
 protected:
  std::vector<std::string> noted() {
    return logs_.lines(LogGroup("/aws/sagemaker/Endpoints/E"), LogStream("v/data-log"));
  }
  // The lines of the only object there is.
  std::size_t lines_written() {
    const auto objects = objects_.objects();
    if (objects.size() != 1) return 0;
    return split(trim(objects.begin()->second.body), '\n').size();
  }

  ManualClock clock_;
  CountingIds ids_;
  FakeRoleObjects objects_;
  telemetry::FakeLogStore logs_{clock_};
  EndpointLog log_{logs_, silent_logger()};
  CallCapture capture_{{.objects = objects_, .log = log_, .ids = ids_, .clock = clock_},
                       {.object_bytes = 4000, .memory_bytes = 6000}};
};

TEST_F(CallCaptureTest, CallsAreWrittenTogetherWhenTheFirstIsAMinuteOld) {
  capture_.take(captured_call());
  clock_.advance(seconds(59));
  capture_.take(captured_call());
  capture_.write_due();
  EXPECT_TRUE(objects_.objects().empty());
  clock_.advance(seconds(1));
  capture_.write_due();
  ASSERT_EQ(objects_.objects().size(), 1U);
  const auto [name, object] = *objects_.objects().begin();
  EXPECT_TRUE(name.starts_with(kFolder)) << name;
  EXPECT_TRUE(name.ends_with(".jsonl")) << name;
  EXPECT_EQ(lines_written(), 2U);
  EXPECT_EQ(objects_.last_role(), "arn:role");
  EXPECT_TRUE(noted().empty());
  clock_.advance(seconds(60));
  capture_.write_due();
  EXPECT_EQ(objects_.objects().size(), 1U) << "nothing is written twice";
}

TEST_F(CallCaptureTest, AnObjectThatIsFullDoesNotWait) {
  CapturedCall large = captured_call();
  large.input = std::string(4000, 'x');
  capture_.take(large);
  capture_.write_due();
  EXPECT_EQ(lines_written(), 1U);
}

TEST_F(CallCaptureTest, EachVariantAndDestinationHasObjectsOfItsOwn) {
  CapturedCall other = captured_call();
  other.variant = "w";
  capture_.take(captured_call());
  capture_.take(other);
  capture_.take(captured_call({.uri = "s3://b"}));
  capture_.stop();
  EXPECT_EQ(objects_.objects().size(), 3U) << "at the end everything is written";
}

TEST_F(CallCaptureTest, WhatDoesNotFitIsDroppedAndTold) {
  CapturedCall large = captured_call();
  large.input = std::string(3000, 'x');
  capture_.take(large);
  capture_.take(large);
  capture_.stop();
  EXPECT_EQ(lines_written(), 1U);
  ASSERT_EQ(noted().size(), 1U);
  EXPECT_EQ(noted()[0].substr(0, 37), "Data capture: 1 calls were dropped: m");
}

TEST_F(CallCaptureTest, OneThatIsTooLargeIsToldAndNotWritten) {
  CapturedCall large = captured_call();
  large.too_large = true;
  capture_.take(large);
  capture_.take(captured_call());
  capture_.stop();
  EXPECT_EQ(lines_written(), 1U);
  ASSERT_EQ(noted().size(), 1U);
  EXPECT_EQ(noted()[0].substr(0, 37), "Data capture: 1 calls were dropped: m");
}

TEST_F(CallCaptureTest, WhatMayNotBeWrittenIsTold) {
  objects_.fail_with(denied("Unable to write s3://b/x (AccessDenied: no)"));
  capture_.take(captured_call());
  capture_.stop();
  ASSERT_EQ(noted().size(), 1U);
  EXPECT_NE(noted()[0].find("AccessDenied"), std::string::npos);
}

TEST_F(CallCaptureTest, WhatIsForgottenIsNotWritten) {
  capture_.take(captured_call());
  capture_.clear();
  capture_.stop();
  EXPECT_TRUE(objects_.objects().empty());
}

}  // namespace
}  // namespace clary::hosting
