#include "services/s3_fixture.h"

namespace clary::services {
namespace {

using S3UploadsTest = S3Test;

TEST_F(S3UploadsTest, AnUploadInPartsBecomesAnObject) {
  const std::string first = objects::sample_bytes(objects::kMinPartBytes);
  const std::string upload = begin({.checksum_algorithm = "CRC32"});
  auto one = put_part(upload, 1, first, {.checksum_crc32 = crc32_of(first)});
  auto two = put_part(upload, 2, "end");
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(two->checksum_crc32, crc32_of("end"));
  auto done = complete(upload, {{1, *one->etag}, {2, *two->etag}});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_TRUE(done->etag->ends_with("-2\""));
  EXPECT_EQ(done->checksum_type, "COMPOSITE");
  EXPECT_EQ(read("k"), first + "end");
  EXPECT_EQ(get("k", {.checksum_mode = "ENABLED"})->reply.checksum_crc32, done->checksum_crc32);
}

TEST_F(S3UploadsTest, OneThatNamesNoChecksumGetsOneOfTheWhole) {
  const std::string first = objects::sample_bytes(objects::kMinPartBytes);
  const std::string upload = begin();
  auto one = put_part(upload, 1, first);
  auto two = put_part(upload, 2, "end");
  ASSERT_TRUE(one.ok() && two.ok());
  auto done = complete(upload, {{1, *one->etag}, {2, *two->etag}});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->checksum_crc64_nvme,
            base64_encode(digest(DigestKind::kCrc64Nvme, first + "end")));
  EXPECT_EQ(done->checksum_type, "FULL_OBJECT");
}

TEST_F(S3UploadsTest, OneThatNamesNoChecksumHasOneOfTheWholeWhateverItsPartsBring) {
  const std::string first = objects::sample_bytes(objects::kMinPartBytes);
  const std::string upload = begin();
  auto one = put_part(upload, 1, first, {.checksum_crc32 = crc32_of(first)});
  auto two = put_part(upload, 2, "end");
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one->checksum_crc32, crc32_of(first));
  EXPECT_EQ(one->checksum_crc64_nvme, std::nullopt);
  auto done = complete(upload, {{1, *one->etag}, {2, *two->etag}});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->checksum_crc64_nvme,
            base64_encode(digest(DigestKind::kCrc64Nvme, first + "end")));
  EXPECT_EQ(done->checksum_type, "FULL_OBJECT");
  EXPECT_EQ(done->checksum_crc32, std::nullopt);
}

TEST_F(S3UploadsTest, ACompletionKeepsToTheChecksumTypeOfItsUpload) {
  const std::string upload = begin({.checksum_algorithm = "CRC32", .checksum_type = "COMPOSITE"});
  auto part = put_part(upload, 1, "x", {.checksum_crc32 = crc32_of("x")});
  ASSERT_TRUE(part.ok());
  const std::vector<std::pair<int, std::string>> parts = {{1, *part->etag}};
  const auto refused = complete(upload, parts, {.checksum_type = "FULL_OBJECT"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "InvalidRequest");
  EXPECT_TRUE(complete(upload, parts, {.checksum_type = "COMPOSITE"}).ok());
  const std::string unnamed = begin();
  auto whole = put_part(unnamed, 1, "x");
  ASSERT_TRUE(whole.ok());
  EXPECT_FALSE(complete(unnamed, {{1, *whole->etag}}, {.checksum_type = "COMPOSITE"}).ok());
  EXPECT_TRUE(complete(unnamed, {{1, *whole->etag}}, {.checksum_type = "FULL_OBJECT"}).ok());
}

TEST_F(S3UploadsTest, UploadErrorsHaveTheirOwnCodes) {
  const std::string upload = begin();
  const std::string one = *put_part(upload, 1, "one")->etag;
  const std::string two = *put_part(upload, 2, "two")->etag;
  EXPECT_EQ(complete(upload, {{2, two}, {1, one}}).error().code, "InvalidPartOrder");
  EXPECT_EQ(complete(upload, {{1, one}, {2, two}}).error().code, "EntityTooSmall");
  EXPECT_EQ(complete(upload, {{3, one}}).error().code, "InvalidPart");
  EXPECT_EQ(complete(upload, {}).error().code, "MalformedXML");
  EXPECT_EQ(complete("none", {{1, one}}).error().code, "NoSuchUpload");
  EXPECT_EQ(put_part("none", 1, "x").error().code, "NoSuchUpload");
  EXPECT_EQ(put_part(upload, 10'001, "x").error().code, "InvalidArgument");
  EXPECT_EQ(put_part(upload, 1, "x", {.checksum_crc32 = crc32_of("y")}).error().code, "BadDigest");
  EXPECT_EQ(begin({.checksum_algorithm = "SHA256", .checksum_type = "FULL_OBJECT"}),
            "InvalidRequest");
  EXPECT_EQ(begin({.checksum_algorithm = "SHA512", .checksum_type = "FULL_OBJECT"}),
            "InvalidRequest");
  EXPECT_EQ(begin({.checksum_algorithm = "CRC64NVME", .checksum_type = "COMPOSITE"}),
            "InvalidRequest");
  const api::AbortMultipartUpload::Request abort{
      .bucket = "my-bucket", .key = "k", .upload_id = upload};
  EXPECT_TRUE(uploads_.abort(abort, context_).ok());
  EXPECT_EQ(uploads_.abort(abort, context_).error().code, "NoSuchUpload");
}

}  // namespace
}  // namespace clary::services
