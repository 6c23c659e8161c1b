// clary endpoints, clary invoke, and clary logs of an endpoint.
#include <algorithm>

#include "base/json.h"
#include "cli/commands_fixture.h"
#include "cli/endpoint_text.h"

namespace clary::cli {
namespace {

class EndpointCommandsTest : public CommandsTest {
 protected:
  void no_job() {
    for (const char* kind :
         {"DescribeTrainingJob", "DescribeProcessingJob", "DescribeTransformJob"})
      reply(kind, {R"({"message":"Could not find it"})"}, 400);
  }
  std::string file(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    EXPECT_TRUE(write_file_atomically(path, text).ok());
    return path;
  }
};

TEST_F(EndpointCommandsTest, ListsWithVariantsInstancesAndFailures) {
  start_server();
  reply("ListEndpoints", {R"({"Endpoints":[{"EndpointName":"e"},{"EndpointName":"f"}]})"});
  reply("DescribeEndpoint",
        {R"({"EndpointName":"e","EndpointStatus":"InService","ProductionVariants":[
             {"VariantName":"a","CurrentInstanceCount":1,"DesiredInstanceCount":2,"CurrentWeight":3},
             {"VariantName":"b","CurrentInstanceCount":1,"DesiredInstanceCount":1,"CurrentWeight":1}
           ]})",
         R"({"EndpointName":"f","EndpointStatus":"Failed","FailureReason":"ValueError: boom"})"});
  EXPECT_EQ(endpoints(context(), {}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("a 1/2 (weight 3), b 1/1 (weight 1)"), std::string::npos) << out_;
  EXPECT_NE(out_.find("f: ValueError: boom"), std::string::npos) << out_;
}

TEST_F(EndpointCommandsTest, AServerlessVariantIsColdOrWarm) {
  const auto listed = [this](int current, int desired) {
    const std::string text =
        R"({"EndpointName":"e","EndpointStatus":"InService","ProductionVariants":[
            {"VariantName":"a","CurrentInstanceCount":)" +
        std::to_string(current) + R"(,"DesiredInstanceCount":)" + std::to_string(desired) +
        R"(,"CurrentServerlessConfig":{"MemorySizeInMB":2048,"MaxConcurrency":5}}]})";
    return endpoint_list_text({parse_json(text).value()}, context().terminal);
  };
  const std::string lead = "a serverless, 2048 MB for each of 5 calls: ";
  EXPECT_NE(listed(0, 0).find(lead + "cold"), std::string::npos) << listed(0, 0);
  EXPECT_EQ(listed(0, 0).find("cold start"), std::string::npos);
  EXPECT_NE(listed(0, 1).find(lead + "cold start under way"), std::string::npos);
  EXPECT_NE(listed(1, 1).find(lead + "warm"), std::string::npos);
}

TEST_F(EndpointCommandsTest, NoEndpointsAreSaid) {
  start_server();
  reply("ListEndpoints", {R"({"Endpoints":[]})"});
  EXPECT_EQ(endpoints(context(), {}), ExitCode::kOk);
  EXPECT_EQ(out_, "no endpoints\n");
}

TEST_F(EndpointCommandsTest, InvokePrintsTheAnswerOrWritesIt) {
  start_server();
  reply("", {"answer"});
  const std::string input = file("x.csv", "1,2");
  EXPECT_EQ(invoke(context(), {.endpoint = "e", .file = input}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, "answer");
  EXPECT_EQ(asked_, std::vector<std::string>{" 1,2"});
  const std::string output = folder_.path() + "/out";
  EXPECT_EQ(invoke(context(), {.endpoint = "e", .file = input, .output = output}), ExitCode::kOk);
  EXPECT_EQ(read_file(output).value(), "answer");
}

TEST_F(EndpointCommandsTest, InvokeFailsWithTheModelsSentence) {
  start_server();
  reply("", {R"({"Message":"Received server error (500) from primary","__type":"ModelError"})"},
        424);
  EXPECT_EQ(invoke(context(), {.endpoint = "e", .file = file("x.json", "1")}), ExitCode::kFailed);
  EXPECT_NE(err_.find("Received server error (500)"), std::string::npos) << err_;
  EXPECT_EQ(invoke(context(), {.endpoint = "e", .file = "/absent"}), ExitCode::kNotFound);
}

TEST_F(EndpointCommandsTest, LogsOfAnEndpointWhereNoJobHasTheName) {
  start_server();
  no_job();
  reply("DescribeEndpoint", {R"({"EndpointName":"E","EndpointStatus":"InService"})"});
  reply("DescribeLogStreams", {R"({"logStreams":[{"logStreamName":"v/id-1-1"}]})"});
  reply("GetLogEvents", {R"({"events":[{"message":"one","timestamp":1}],"nextForwardToken":"1"})",
                         R"({"events":[],"nextForwardToken":"1"})"});
  EXPECT_EQ(logs(context(), {.job = "e"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, "one\n");
  const std::string group = R"("logGroupName":"/aws/sagemaker/Endpoints/E")";
  EXPECT_TRUE(std::ranges::any_of(asked_, [&](const std::string& asked) {
    return asked.starts_with("GetLogEvents") && asked.find(group) != std::string::npos;
  }));
}

TEST_F(EndpointCommandsTest, LogsOfNothingNameTheJob) {
  start_server();
  no_job();
  reply("DescribeEndpoint", {R"({"message":"Could not find endpoint"})"}, 400);
  EXPECT_EQ(logs(context(), {.job = "e"}), ExitCode::kNotFound);
  EXPECT_NE(err_.find("no job is called 'e'"), std::string::npos) << err_;
}

TEST(EndpointText, AFilesNameTellsItsType) {
  EXPECT_EQ(content_type_of("a/x.JSON"), "application/json");
  EXPECT_EQ(content_type_of("x.npy"), "application/x-npy");
  EXPECT_EQ(content_type_of("x"), "application/octet-stream");
}

}  // namespace
}  // namespace clary::cli
