#include "services/job_data_access.h"

#include <gtest/gtest.h>

#include "domain/fake_identity_store.h"
#include "objects/memory_store.h"
#include "runtime/credential_issuer.h"

namespace clary::services {
namespace {

using domain::IdentityKind;
using runtime::Reading;

class JobDataAccessTest : public testing::Test {
 protected:
  JobDataAccessTest() {
    EXPECT_TRUE(store_.create_bucket({bucket_, clock_.now(), Region("us-east-1")}).ok());
    EXPECT_TRUE(identities_.create({.kind = IdentityKind::kRole, .name = "R"}).ok());
  }
  // The role's policy, of these statements.
  void role_may(const std::string& statements) {
    EXPECT_TRUE(
        identities_
            .put_policy(
                IdentityKind::kRole, "R",
                {.name = "own", .arn = "", .document = R"({"Statement":[)" + statements + "]}"})
            .ok());
  }
  void bucket_says(const std::string& statement) {
    EXPECT_TRUE(store_
                    .set_setting(bucket_, objects::SettingKind::kPolicy,
                                 R"({"Statement":[)" + statement + "]}")
                    .ok());
  }
  static runtime::DataReader reader() {
    domain::Job job{.gang = GangId("g")};
    job.spec.role = "arn:aws:iam::000000000000:role/R";
    return {.identity = runtime::identity_of(job, AccountId("000000000000")),
            .region = Region("us-east-1")};
  }
  // "every", "by key" or why not.
  std::string reading(const std::string& prefix = "train/") {
    const auto asked = access_.reading(reader(), {.bucket = bucket_, .key = prefix});
    if (!asked.ok()) {
      EXPECT_EQ(asked.error().code, ErrorCode::kDenied);
      return asked.error().message;
    }
    return *asked == Reading::kEvery ? "every" : "by key";
  }
  bool may_read(const std::vector<ObjectKey>& keys) {
    return access_.may_read(reader(), bucket_, keys).ok();
  }

  ManualClock clock_;
  CountingIds ids_;
  objects::MemoryStore store_{clock_, ids_};
  domain::FakeIdentityStore identities_;
  BucketName bucket_{"data"};
  BucketRules rules_{store_};
  JobDataAccess access_{{.identities = identities_,
                         .buckets = rules_,
                         .clock = clock_,
                         .account = AccountId("000000000000"),
                         .server_endpoint = "http://127.0.0.1:4580"}};
};

constexpr const char* kAll = R"({"Effect":"Allow","Action":"s3:*","Resource":"*"})";

TEST_F(JobDataAccessTest, ARoleWithoutPoliciesReadsAsTheDefaultOneDoes) {
  EXPECT_EQ(reading(), "every");
}

TEST_F(JobDataAccessTest, ListingAndReadingAreAskedEachForItself) {
  role_may(R"({"Effect":"Allow","Action":"s3:GetObject","Resource":"*"})");
  EXPECT_EQ(reading(),
            "Unable to list s3://data/train/ (AccessDenied: User: "
            "arn:aws:sts::000000000000:assumed-role/R/SageMaker is not authorized to perform: "
            "s3:ListBucket on resource: arn:aws:s3:::data because no identity-based policy allows "
            "the s3:ListBucket action)");
  role_may(R"({"Effect":"Allow","Action":"s3:ListBucket","Resource":"*",)"
           R"("Condition":{"StringEquals":{"s3:prefix":"train/"}}})");
  EXPECT_NE(reading().find("s3:GetObject on resource: arn:aws:s3:::data/train/"),
            std::string::npos);
  EXPECT_NE(reading("test/").find("s3:ListBucket"), std::string::npos) << "by s3:prefix";
}

TEST_F(JobDataAccessTest, TheBucketsPolicyIsAskedToo) {
  role_may(kAll);
  bucket_says(R"({"Effect":"Deny","Principal":"*","Action":"s3:GetObject",)"
              R"("Resource":"arn:aws:s3:::data/train/*"})");
  EXPECT_NE(reading().find("with an explicit deny in a resource-based policy"), std::string::npos);
  bucket_says(R"({"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data",)"
              R"("Condition":{"Bool":{"aws:SecureTransport":"false"}}})");
  EXPECT_NE(reading().find("Unable to list"), std::string::npos) << "as the host's calls would be";
  bucket_says(R"({"Effect":"Newer"})");
  EXPECT_NE(reading(), "every") << "a policy that cannot be read allows nothing";
}

TEST_F(JobDataAccessTest, KeysAreAskedOneByOneOnlyWhereAPolicyTellsThemApart) {
  role_may(kAll);
  bucket_says(R"({"Effect":"Deny","Principal":"*","Action":"s3:GetObject",)"
              R"("Resource":"arn:aws:s3:::data/train/secret*"})");
  EXPECT_EQ(reading(), "by key");
  EXPECT_EQ(reading("test/"), "every");
  EXPECT_TRUE(may_read({ObjectKey("train/a"), ObjectKey("train/b")}));
  EXPECT_FALSE(may_read({ObjectKey("train/a"), ObjectKey("train/secret.csv")}));
}

}  // namespace
}  // namespace clary::services
