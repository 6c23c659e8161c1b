#include "services/stored_role_objects.h"

#include <gtest/gtest.h>

#include "domain/fake_identity_store.h"
#include "objects/memory_store.h"

namespace clary::services {
namespace {

using domain::IdentityKind;

class StoredRoleObjectsTest : public testing::Test {
 protected:
  StoredRoleObjectsTest() {
    EXPECT_TRUE(store_.create_bucket({BucketName("b"), clock_.now(), Region("us-east-1")}).ok());
    EXPECT_TRUE(identities_.create({.kind = IdentityKind::kRole, .name = "R"}).ok());
  }
  void role_may(const std::string& action) {
    EXPECT_TRUE(identities_
                    .put_policy(IdentityKind::kRole, "R",
                                {.name = "own",
                                 .arn = "",
                                 .document = R"({"Statement":[{"Effect":"Allow","Action":")" +
                                             action + R"(","Resource":"*"}]})"})
                    .ok());
  }
  static hosting::RoleObject object(const std::string& bucket = "b") {
    return {.role = "arn:aws:iam::000000000000:role/R",
            .place = {.bucket = BucketName(bucket), .key = "k/x"}};
  }
  Status write(const std::string& bucket = "b") {
    return objects_.write(object(bucket), {.content_type = "text/csv", .body = "1,2"});
  }

  ManualClock clock_;
  CountingIds ids_;
  objects::MemoryStore store_{clock_, ids_};
  domain::FakeIdentityStore identities_;
  BucketRules rules_{store_};
  JobDataAccess access_{{.identities = identities_,
                         .buckets = rules_,
                         .clock = clock_,
                         .account = AccountId("000000000000"),
                         .server_endpoint = "http://127.0.0.1:4580"}};
  StoredRoleObjects objects_{{.access = access_,
                              .objects = store_,
                              .account = AccountId("000000000000"),
                              .region = Region("us-east-1")}};
};

TEST_F(StoredRoleObjectsTest, WhatIsWrittenIsReadWithItsType) {
  role_may("s3:*");
  ASSERT_TRUE(write().ok());
  const auto read = objects_.read(object(), 3);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->body, "1,2");
  EXPECT_EQ(read->content_type, "text/csv");
  EXPECT_EQ(objects_.read(object(), 2).error().code, ErrorCode::kLimitExceeded);
}

TEST_F(StoredRoleObjectsTest, TheRolesPoliciesDecide) {
  role_may("s3:GetObject");
  const Status refused = write();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kDenied);
  EXPECT_NE(refused.error().message.find("s3:PutObject on resource: arn:aws:s3:::b/k/x"),
            std::string::npos);
  role_may("s3:PutObject");
  EXPECT_TRUE(write().ok());
  EXPECT_EQ(objects_.read(object(), 100).error().code, ErrorCode::kDenied);
}

TEST_F(StoredRoleObjectsTest, WhatIsAbsentIsNotFound) {
  role_may("s3:*");
  EXPECT_EQ(objects_.read(object(), 100).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(write("other").ok());
}

}  // namespace
}  // namespace clary::services
