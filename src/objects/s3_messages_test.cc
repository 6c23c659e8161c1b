#include "objects/s3_messages.h"

#include <gtest/gtest.h>

namespace clary::objects {
namespace {

TEST(S3Messages, ABucketStandsInThePathOrBeforeTheHost) {
  const BucketName bucket("depot");
  EXPECT_EQ(endpoint_of_bucket("https://s3.eu-west-1.amazonaws.com:443", bucket),
            "https://depot.s3.eu-west-1.amazonaws.com:443");
  EXPECT_EQ(target_in_bucket(s3_target(bucket, "a/b c"), bucket), "/a/b%20c");
  EXPECT_EQ(target_in_bucket(s3_target(bucket, "/absolute"), bucket), "//absolute");
  EXPECT_EQ(target_in_bucket(s3_target(bucket, "", {{"list-type", "2"}}), bucket), "/?list-type=2");
  EXPECT_EQ(target_in_bucket(s3_target(bucket), bucket), "/");
}

}  // namespace
}  // namespace clary::objects
