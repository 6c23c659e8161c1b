#include "serving/serving_options.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "serving/local_caller.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;

class ServingOptionsTest : public testing::Test {
 protected:
  Result<ServingOptions> read(std::size_t cores = 4) const {
    return read_serving_options(
        typed_,
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = variables_.find(name);
          return found == variables_.end() ? std::nullopt
                                           : std::optional<std::string>(found->second);
        },
        cores);
  }
  std::string refusal() const {
    const auto options = read();
    return options.ok() ? "" : options.error().message;
  }

  TypedOptions typed_;
  std::map<std::string, std::string> variables_;
};

TEST_F(ServingOptionsTest, AWorkerForEachCore) {
  const auto options = read(4);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->workers, 4U);
  EXPECT_EQ(options->threads_per_worker, 1U);
  EXPECT_EQ(options->listen, "127.0.0.1:8080");
  EXPECT_EQ(read(0)->workers, 1U);
}

TEST_F(ServingOptionsTest, TheVariablesOfSageMakersContainersAreRead) {
  variables_ = {{"SAGEMAKER_MODEL_SERVER_WORKERS", "2"}, {"SAGEMAKER_MODEL_SERVER_TIMEOUT", "7"},
                {"SAGEMAKER_MAX_PAYLOAD_IN_MB", "3"},    {"SAGEMAKER_BIND_TO_PORT", "9090"},
                {"SAGEMAKER_TS_BATCH_SIZE", "16"},       {"SAGEMAKER_STARTUP_TIMEOUT", "30"}};
  const auto options = read(8);
  ASSERT_TRUE(options.ok()) << options.error().message;
  EXPECT_EQ(options->workers, 2U);
  EXPECT_EQ(options->threads_per_worker, 4U);
  EXPECT_EQ(options->timeout, seconds(7));
  EXPECT_EQ(options->load_timeout, seconds(30));
  EXPECT_EQ(options->max_payload_bytes, 3U << 20);
  EXPECT_EQ(options->listen, "127.0.0.1:9090");
  EXPECT_EQ(options->most_in_batch, 16U);
}

TEST_F(ServingOptionsTest, ALatencyLimitAndTorchServesDelay) {
  typed_.latency_limit_ms = 2.5;
  variables_ = {{"SAGEMAKER_TS_MAX_BATCH_DELAY", "100"}};
  const auto options = read(1);
  ASSERT_TRUE(options.ok()) << options.error().message;
  EXPECT_EQ(options->latency_limit, Duration(2500));
  typed_.latency_limit_ms = 0;
  EXPECT_NE(refusal().find("--latency-limit"), std::string::npos) << refusal();
  typed_.latency_limit_ms.reset();
  variables_ = {{"SAGEMAKER_TS_MAX_BATCH_DELAY", "soon"}};
  EXPECT_NE(refusal().find("SAGEMAKER_TS_MAX_BATCH_DELAY"), std::string::npos) << refusal();
}

TEST_F(ServingOptionsTest, WhatIsTypedComesFirst) {
  variables_ = {{"SAGEMAKER_MODEL_SERVER_WORKERS", "2"}, {"SAGEMAKER_BIND_TO_PORT", "9090"}};
  typed_.workers = "auto";
  typed_.listen = "unix:/tmp/x";
  EXPECT_EQ(read(8)->workers, 8U);
  EXPECT_EQ(read(8)->listen, "unix:/tmp/x");
  typed_.workers = "3";
  EXPECT_EQ(read(8)->workers, 3U);
}

TEST_F(ServingOptionsTest, WhatCannotBeIsNamed) {
  typed_.workers = "many";
  EXPECT_NE(refusal().find("--workers: 'many'"), std::string::npos) << refusal();
  typed_.workers = "0";
  EXPECT_NE(refusal().find("--workers: 0"), std::string::npos) << refusal();
  typed_.workers.reset();
  typed_.timeout_seconds = -1;
  EXPECT_NE(refusal().find("--timeout"), std::string::npos) << refusal();
  typed_.timeout_seconds.reset();
  variables_ = {{"SAGEMAKER_MAX_PAYLOAD_IN_MB", "x"}};
  EXPECT_NE(refusal().find("SAGEMAKER_MAX_PAYLOAD_IN_MB: 'x'"), std::string::npos) << refusal();
}

TEST(LocalAddress, IsLoopbackOrAPath) {
  for (const char* address : {"127.0.0.1:80", "127.9.9.9:80", "[::1]:0", "localhost:1", "unix:/a"})
    EXPECT_TRUE(is_local_address(address)) << address;
  for (const char* address : {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "127.0.0.1.evil.example:80"})
    EXPECT_FALSE(is_local_address(address)) << address;
}

}  // namespace
}  // namespace clary::serving
