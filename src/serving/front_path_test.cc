// Which paths are whose, and what else is nobody's.
#include "serving/front_path.h"

#include <gtest/gtest.h>

namespace clary::serving {
namespace {

TEST(FrontPath, TheFrontsOwn) {
  EXPECT_EQ(read_front_path("/ping").target, FrontTarget::kPing);
  EXPECT_EQ(read_front_path("/v2/health/ready").target, FrontTarget::kPing);
  EXPECT_EQ(read_front_path("/v2/health/live").target, FrontTarget::kLive);
  EXPECT_EQ(read_front_path("/metrics").target, FrontTarget::kMetrics);
  EXPECT_EQ(read_front_path("/invocations").target, FrontTarget::kInvocation);
}

struct ModelPathCase {
  const char* path;
  const char* methods;
  const char* model;
};

TEST(FrontPath, TheModels) {
  for (const ModelPathCase& one : {
           ModelPathCase{"/v1/models/half", "GET", "half"},
           {"/v1/models/half/metadata", "GET", "half"},
           {"/v1/models/half/versions/3", "GET", "half"},
           {"/v1/models/half/versions/3/metadata", "GET", "half"},
           {"/v1/models/half:predict", "POST", "half"},
           {"/v1/models/half/versions/3:classify", "POST", "half"},
           {"/v1/models/half/labels/stable:regress", "POST", "half"},
           {"/v2/models/half", "GET", "half"},
           {"/v2/models/half/ready", "GET", "half"},
           {"/v2/models/half/versions/1/ready", "GET", "half"},
           {"/v2/models/half/versions/1/infer", "POST", "half"},
           {"/v2/models/ha%2Flf/infer", "POST", "ha/lf"},
           {"/predictions/half", "GET, POST, PUT", "half"},
           {"/predictions/half/1.0", "GET, POST, PUT", "half"},
       }) {
    const FrontPath path = read_front_path(one.path);
    EXPECT_EQ(path.target, FrontTarget::kModelPath) << one.path;
    EXPECT_EQ(path.methods, one.methods) << one.path;
    EXPECT_EQ(path.model, one.model) << one.path;
  }
}

TEST(FrontPath, OfManyModels) {
  EXPECT_EQ(read_front_path("/models").target, FrontTarget::kModels);
  EXPECT_EQ(read_front_path("/models/a").target, FrontTarget::kModel);
  const FrontPath call = read_front_path("/models/a%2Fb.tar.gz/invoke");
  EXPECT_EQ(call.target, FrontTarget::kModelCall);
  EXPECT_EQ(call.model, "a/b.tar.gz");
}

TEST(FrontPath, Nobodys) {
  for (const char* path : {"",
                           "*",
                           "/",
                           "/v1",
                           "/v1/models",
                           "/v1/models/",
                           "/v1/models/:predict",
                           "/v1/models/a:explode",
                           "/v1/models/a/versions/x:predict",
                           "/v1/models/a/b",
                           "/v1/models/a:predict/metadata",
                           "/v2/models",
                           "/v2/models/",
                           "/v2/models/a/versions",
                           "/v2/models/a/load",
                           "/v2/models//infer",
                           "/predictions",
                           "/predictions/",
                           "/predictions/a/1/2",
                           "/predictions/a%",
                           "/predictions/a%00",
                           "/models/",
                           "/models//invoke",
                           "/api-description",
                           "/invocations/",
                           "/PING"}) {
    EXPECT_EQ(read_front_path(path).target, FrontTarget::kNothing) << path;
  }
}

TEST(FrontPath, Methods) {
  EXPECT_TRUE(takes_method("GET", "HEAD"));
  EXPECT_TRUE(takes_method("GET, POST, PUT", "PUT"));
  EXPECT_FALSE(takes_method("GET, POST, PUT", "DELETE"));
  EXPECT_FALSE(takes_method("POST", "GET"));
  EXPECT_FALSE(takes_method("", "GET"));
}

}  // namespace
}  // namespace clary::serving
