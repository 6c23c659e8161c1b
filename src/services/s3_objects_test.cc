#include <gmock/gmock.h>

#include "services/s3_fixture.h"

namespace clary::services {
namespace {

using S3ObjectsTest = S3Test;

TEST_F(S3ObjectsTest, ObjectsComeBackAsTheyWerePut) {
  api::PutObject::Request request;
  request.content_type = "text/csv";
  request.content_encoding = "aws-chunked,gzip";
  request.metadata.emplace().emplace_back("Owner", "me");
  request.server_side_encryption = "aws:kms";
  auto stored = put("a b/\xC3\xA9", "hello", request);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->etag, "\"5d41402abc4b2a76b9719d911017c592\"");
  EXPECT_EQ(stored->server_side_encryption, "aws:kms");
  auto reply = get("a b/\xC3\xA9");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(*objects::drain(*reply->body), "hello");
  EXPECT_EQ(reply->reply.content_type, "text/csv");
  EXPECT_EQ(reply->reply.content_encoding, "gzip");
  EXPECT_EQ(reply->reply.server_side_encryption, "aws:kms");
  EXPECT_THAT(*reply->reply.metadata, testing::ElementsAre(testing::Pair("owner", "me")));
  EXPECT_EQ(reply->reply.last_modified, clock_.now());
  EXPECT_EQ(get("none").error().code, "NoSuchKey");
  EXPECT_EQ(get("none").error().status, 404);
}

TEST_F(S3ObjectsTest, RangesTable) {
  ASSERT_TRUE(put("k", "0123456789").ok());
  struct Row {
    const char* field;
    const char* body;   // or the code of the error
    const char* range;  // Content-Range, "" for a whole body
  };
  for (const Row& row :
       {Row{"bytes=0-0", "0", "bytes 0-0/10"}, Row{"bytes=2-4", "234", "bytes 2-4/10"},
        Row{"bytes=7-", "789", "bytes 7-9/10"}, Row{"bytes=-3", "789", "bytes 7-9/10"},
        Row{"bytes=-99", "0123456789", "bytes 0-9/10"}, Row{"bytes=8-99", "89", "bytes 8-9/10"},
        Row{"bytes=0-99999999999999999999", "0123456789", "bytes 0-9/10"},
        Row{"bytes=10-", "InvalidRange", ""}, Row{"bytes=-0", "InvalidRange", ""},
        Row{"bytes=99999999999999999999-", "InvalidRange", ""}, Row{"bytes=4-2", "0123456789", ""},
        Row{"bytes=1-2,4-5", "0123456789", ""}, Row{"lines=1-2", "0123456789", ""},
        Row{"bytes=-", "0123456789", ""}, Row{"bytes=a-b", "0123456789", ""}}) {
    EXPECT_EQ(read("k", {.range = row.field}), row.body) << row.field;
    auto reply = get("k", {.range = row.field});
    if (!reply.ok()) {
      EXPECT_EQ(reply.error().status, 416);
      EXPECT_EQ(reply.error().headers.get("Content-Range"), "bytes */10");
      continue;
    }
    EXPECT_EQ(reply->reply.content_range.value_or(""), row.range) << row.field;
    EXPECT_EQ(reply->status, *row.range == '\0' ? 200 : 206) << row.field;
  }
}

TEST_F(S3ObjectsTest, AWholeChecksumIsNeverSentWithARange) {
  ASSERT_TRUE(put("k", "hello", {.checksum_crc32 = crc32_of("hello")}).ok());
  EXPECT_EQ(get("k", {.checksum_mode = "ENABLED"})->reply.checksum_crc32, crc32_of("hello"));
  EXPECT_EQ(get("k", {.checksum_mode = "ENABLED"})->reply.checksum_type, "FULL_OBJECT");
  EXPECT_EQ(get("k", {.range = "bytes=0-4", .checksum_mode = "ENABLED"})->reply.checksum_crc32,
            std::nullopt);
  EXPECT_EQ(get("k")->reply.checksum_crc32, std::nullopt);
}

TEST_F(S3ObjectsTest, ReadConditionsTable) {
  ASSERT_TRUE(put("k", "hello").ok());
  const std::string etag = "\"5d41402abc4b2a76b9719d911017c592\"";
  const TimePoint before = clock_.now() - std::chrono::hours(1);
  const TimePoint at = clock_.now();
  EXPECT_EQ(read("k", {.if_match = etag}), "hello");
  EXPECT_EQ(read("k", {.if_match = "*"}), "hello");
  EXPECT_EQ(read("k", {.if_match = "\"other\""}), "PreconditionFailed");
  EXPECT_EQ(read("k", {.if_none_match = etag}), "NotModified");
  EXPECT_EQ(read("k", {.if_none_match = "\"other\", " + etag}), "NotModified");
  EXPECT_EQ(read("k", {.if_none_match = "\"other\""}), "hello");
  EXPECT_EQ(read("k", {.if_modified_since = at}), "NotModified");
  EXPECT_EQ(read("k", {.if_modified_since = before}), "hello");
  EXPECT_EQ(read("k", {.if_unmodified_since = before}), "PreconditionFailed");
  EXPECT_EQ(read("k", {.if_match = etag, .if_unmodified_since = before}), "hello");
  EXPECT_EQ(read("k", {.if_match = "\"other\"", .range = "bytes=99-"}), "PreconditionFailed");
  EXPECT_EQ(get("k", {.if_none_match = etag}).error().status, 304);
  EXPECT_EQ(get("k", {.if_none_match = etag}).error().headers.get("ETag"), etag);
}

TEST_F(S3ObjectsTest, WriteConditions) {
  ASSERT_TRUE(put("k", "1", {.if_none_match = "*"}).ok());
  EXPECT_EQ(put("k", "2", {.if_none_match = "*"}).error().status, 412);
  EXPECT_EQ(put("k", "2", {.if_none_match = "\"abc\""}).error().code, "NotImplemented");
  EXPECT_EQ(put("k", "2", {.if_match = "\"abc\""}).error().code, "PreconditionFailed");
  EXPECT_EQ(put("none", "2", {.if_match = "\"abc\""}).error().code, "NoSuchKey");
  EXPECT_EQ(read("k"), "1");
}

TEST_F(S3ObjectsTest, HeadSaysWhatGetWouldSend) {
  ASSERT_TRUE(put("k", "hello").ok());
  api::HeadObject::Request request{.bucket = "my-bucket", .key = "k"};
  auto whole = objects_.head(request, context_);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->length, 5U);
  EXPECT_EQ(whole->body, nullptr);
  request.range = "bytes=1-2";
  EXPECT_EQ(objects_.head(request, context_)->status, 206);
  EXPECT_EQ(objects_.head(request, context_)->length, 2U);
}

TEST_F(S3ObjectsTest, AnObjectWithoutAClaimedChecksumGetsOne) {
  const std::string expected = base64_encode(digest(DigestKind::kCrc64Nvme, "hello"));
  auto stored = put("k", "hello");
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->checksum_crc64_nvme, expected);
  EXPECT_EQ(stored->checksum_type, "FULL_OBJECT");
  EXPECT_EQ(get("k", {.checksum_mode = "ENABLED"})->reply.checksum_crc64_nvme, expected);
  const api::GetObjectAttributes::Request request{
      .bucket = "my-bucket", .key = "k", .object_attributes = {"Checksum", "ETag"}};
  auto attributes = objects_.attributes(request, context_);
  ASSERT_TRUE(attributes.ok() && attributes->checksum);
  EXPECT_EQ(attributes->checksum->checksum_crc64_nvme, expected);
  EXPECT_EQ(attributes->etag, "5d41402abc4b2a76b9719d911017c592");
}

TEST_F(S3ObjectsTest, BytesThatAreNotWhatWasClaimedAreRefused) {
  const auto code = [&](const api::PutObject::Request& request) {
    return put("k", "hello", request).error().code;
  };
  EXPECT_EQ(code({.content_md5 = base64_encode(md5("other"))}), "BadDigest");
  EXPECT_EQ(code({.content_md5 = "short"}), "InvalidDigest");
  EXPECT_EQ(code({.checksum_crc32 = crc32_of("other")}), "BadDigest");
  EXPECT_EQ(code({.checksum_crc32 = "x"}), "InvalidRequest");
  EXPECT_EQ(code({.checksum_crc32 = crc32_of("hello"), .checksum_sha1 = "x"}), "InvalidRequest");
  EXPECT_EQ(code({.checksum_algorithm = "CRC32"}), "InvalidRequest");
  EXPECT_EQ(get("k").error().code, "NoSuchKey");
}

TEST_F(S3ObjectsTest, ChecksumsInTrailersAreChecked) {
  const BodyFacts facts{.trailers = {"x-amz-checksum-crc32"}};
  net::Headers trailers;
  EXPECT_EQ(put("k", "hello", {}, facts, trailers).error().code, "MalformedTrailerError");
  trailers.add("x-amz-checksum-crc32", crc32_of("other"));
  EXPECT_EQ(put("k", "hello", {}, facts, trailers).error().code, "BadDigest");
  net::Headers right;
  right.add("X-Amz-Checksum-Crc32", crc32_of("hello"));
  auto stored = put("k", "hello", {}, facts, right);
  ASSERT_TRUE(stored.ok()) << stored.error().message;
  EXPECT_EQ(stored->checksum_crc32, crc32_of("hello"));
}

TEST_F(S3ObjectsTest, OversizedThingsAreRefused) {
  EXPECT_EQ(put(std::string(1025, 'k'), "x").error().code, "KeyTooLongError");
  EXPECT_EQ(put("\xFF", "x").error().code, "InvalidURI");
  EXPECT_EQ(put("k", "x", {}, {.length = 6ULL << 30}).error().code, "EntityTooLarge");
  api::PutObject::Request request;
  request.metadata.emplace().emplace_back("a", std::string(2048, 'v'));
  EXPECT_EQ(put("k", "x", request).error().code, "MetadataTooLarge");
}

TEST_F(S3ObjectsTest, DeletingAnAbsentKeySucceeds) {
  ASSERT_TRUE(put("k", "x").ok());
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(objects_.remove({.bucket = "my-bucket", .key = "k"}, context_).ok());
  EXPECT_EQ(get("k").error().code, "NoSuchKey");
  EXPECT_EQ(objects_.remove({.bucket = "none", .key = "k"}, context_).error().code, "NoSuchBucket");
}

TEST_F(S3ObjectsTest, ListsInPagesWithTokens) {
  for (const char* key : {"a/1", "a/2", "b c", "d"}) ASSERT_TRUE(put(key, "x").ok());
  auto first = list({.delimiter = "/", .encoding_type = "url", .max_keys = 2});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->key_count, 2);
  EXPECT_EQ(first->common_prefixes->front().prefix, "a/");
  EXPECT_EQ(first->contents->front().key, "b%20c");
  EXPECT_EQ(first->encoding_type, "url");
  EXPECT_EQ(first->is_truncated, true);
  auto second = list({.delimiter = "/", .continuation_token = first->next_continuation_token});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->contents->size(), 1U);
  EXPECT_EQ(second->contents->front().key, "d");
  EXPECT_EQ(second->contents->front().etag, "\"9dd4e461268c8034f5c8564e155c67a6\"");
  EXPECT_EQ(second->is_truncated, false);
  EXPECT_EQ(second->continuation_token, first->next_continuation_token);
}

TEST_F(S3ObjectsTest, ListOptions) {
  ASSERT_TRUE(put("a", "x", {.checksum_crc32 = crc32_of("x")}).ok());
  ASSERT_TRUE(put("b", "x").ok());
  EXPECT_EQ(list({.max_keys = 0})->key_count, 0);
  EXPECT_EQ(list({.max_keys = 0})->is_truncated, false);
  EXPECT_EQ(list({.max_keys = 5000})->max_keys, 1000);
  EXPECT_EQ(list({.start_after = "a"})->contents->size(), 1U);
  EXPECT_EQ(list({.fetch_owner = true})->contents->front().owner->id, "000000000000");
  EXPECT_EQ(list({})->contents->front().owner, std::nullopt);
  EXPECT_EQ(list({})->contents->front().checksum_algorithm, std::vector<std::string>{"CRC32"});
  EXPECT_EQ(list({.max_keys = -1}).error().code, "InvalidArgument");
  EXPECT_EQ(list({.continuation_token = "nonsense"}).error().code, "InvalidArgument");
  EXPECT_EQ(list({.encoding_type = "xml"}).error().code, "InvalidArgument");
}

}  // namespace
}  // namespace clary::services
