#include "services/s3_fixture.h"

namespace clary::services {
namespace {

using S3BucketsTest = S3Test;

TEST_F(S3BucketsTest, BucketsAreMadeListedAndDeleted) {
  auto listed = buckets_.list({}, context_);
  ASSERT_TRUE(listed.ok() && listed->buckets);
  ASSERT_EQ(listed->buckets->size(), 1U);
  EXPECT_EQ(listed->buckets->front().name, "my-bucket");
  EXPECT_EQ(listed->buckets->front().creation_date, clock_.now());
  EXPECT_TRUE(buckets_.remove({.bucket = "my-bucket"}, context_).ok());
  EXPECT_EQ(buckets_.remove({.bucket = "my-bucket"}, context_).error().code, "NoSuchBucket");
  listed = buckets_.list({}, context_);
  ASSERT_TRUE(listed.ok() && listed->buckets) << "the element must be there when it is empty";
  EXPECT_TRUE(listed->buckets->empty());
}

TEST_F(S3BucketsTest, BucketsAreListedInPages) {
  for (const char* name : {"aaa", "bbb", "ccc"})
    ASSERT_TRUE(buckets_.create({.bucket = name}, context_).ok());
  auto first = buckets_.list({.max_buckets = 3}, context_);
  ASSERT_TRUE(first.ok() && first->continuation_token);
  auto second =
      buckets_.list({.max_buckets = 3, .continuation_token = first->continuation_token}, context_);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second->buckets->size(), 1U);
  EXPECT_EQ(second->buckets->front().name, "my-bucket");
  EXPECT_FALSE(second->continuation_token);
  EXPECT_EQ(buckets_.list({.continuation_token = "zz"}, context_).error().code, "InvalidArgument");
}

TEST_F(S3BucketsTest, ABucketMadeAgainIsAnErrorOutsideTheFirstRegion) {
  EXPECT_TRUE(buckets_.create({.bucket = "my-bucket"}, context_).ok());
  context_.region = Region("eu-west-1");
  EXPECT_EQ(buckets_.create({.bucket = "my-bucket"}, context_).error().code,
            "BucketAlreadyOwnedByYou");
  EXPECT_EQ(buckets_.create({.bucket = "my-bucket"}, context_).error().status, 409);
}

TEST_F(S3BucketsTest, TheLocationIsThatOfTheRequest) {
  api::CreateBucket::Request request{.bucket = "elsewhere"};
  request.create_bucket_configuration.emplace().location_constraint = "us-west-2";
  ASSERT_TRUE(buckets_.create(request, context_).ok());
  EXPECT_EQ(buckets_.location({.bucket = "elsewhere"}, context_)->location_constraint, "us-west-2");
  EXPECT_EQ(buckets_.location({.bucket = "my-bucket"}, context_)->location_constraint,
            std::nullopt);
  EXPECT_EQ(buckets_.head({.bucket = "elsewhere"}, context_)->bucket_region, "us-west-2");
  context_.region = Region("eu-west-1");
  request.bucket = "other";
  EXPECT_EQ(buckets_.create(request, context_).error().code, "IllegalLocationConstraintException");
}

TEST_F(S3BucketsTest, BadBucketNamesAreRefused) {
  for (const char* name :
       {"ab", "UPPER", "a_b", "-ab", "ab-", "a..b", "192.168.0.1", "xn--abc", "abc-s3alias"}) {
    EXPECT_EQ(buckets_.create({.bucket = name}, context_).error().code, "InvalidBucketName")
        << name;
  }
  EXPECT_EQ(buckets_.create({.bucket = std::string(64, 'a')}, context_).error().code,
            "InvalidBucketName");
  EXPECT_TRUE(buckets_.create({.bucket = "a.b-1"}, context_).ok());
}

TEST_F(S3BucketsTest, AnOccupiedBucketStays) {
  ASSERT_TRUE(put("k", "x").ok());
  EXPECT_EQ(buckets_.remove({.bucket = "my-bucket"}, context_).error().code, "BucketNotEmpty");
}

TEST_F(S3BucketsTest, TheDefaultBucketIsMadeOnFirstUse) {
  const std::string name = "sagemaker-eu-central-1-000000000000";
  EXPECT_TRUE(lists_.list({.bucket = name}, context_).ok());
  EXPECT_EQ(buckets_.location({.bucket = name}, context_)->location_constraint, "eu-central-1");
  EXPECT_TRUE(put("k", "x", {.bucket = "sagemaker-us-west-2-000000000000"}).ok());
  for (const char* other : {"sagemaker-us-west-2-111111111111", "sagemaker-us-west-2",
                            "sagemaker--000000000000", "none"}) {
    EXPECT_EQ(put("k", "x", {.bucket = other}).error().code, "NoSuchBucket") << other;
  }
}

TEST_F(S3BucketsTest, AnotherOwnerIsDenied) {
  EXPECT_EQ(
      buckets_.head({.bucket = "my-bucket", .expected_bucket_owner = "111111111111"}, context_)
          .error()
          .status,
      403);
  EXPECT_TRUE(
      buckets_.head({.bucket = "my-bucket", .expected_bucket_owner = "000000000000"}, context_)
          .ok());
  EXPECT_EQ(put("k", "x", {.expected_bucket_owner = "111111111111"}).error().code, "AccessDenied");
}

}  // namespace
}  // namespace clary::services
