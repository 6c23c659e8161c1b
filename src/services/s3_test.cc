// S3's operations on a MemoryStore, called as the router calls them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text_encoding.h"
#include "objects/memory_store.h"
#include "objects/object_store_conformance.h"
#include "services/s3_buckets.h"
#include "services/s3_objects.h"
#include "services/s3_rules.h"
#include "services/s3_uploads.h"

namespace clary::services {
namespace {

class S3Test : public testing::Test {
 protected:
  S3Test() {
    context_.account = AccountId("000000000000");
    context_.region = Region("us-east-1");
    context_.now = clock_.now();
    EXPECT_TRUE(buckets_.create({.bucket = "my-bucket"}, context_).ok());
  }

  template <typename Reply>
  static Outcome<Reply> send(Outcome<std::unique_ptr<BodySink<Reply>>> sink, std::string_view bytes,
                             const net::Headers& trailers = {}) {
    if (!sink.ok()) return sink.error();
    EXPECT_TRUE((*sink)->write(bytes).ok());
    return (*sink)->finish(trailers);
  }
  Outcome<api::PutObject::Reply> put(const std::string& key, std::string_view bytes,
                                     api::PutObject::Request request = {},
                                     const BodyFacts& facts = {},
                                     const net::Headers& trailers = {}) {
    if (request.bucket.empty()) request.bucket = "my-bucket";
    request.key = key;
    return send(objects_.put(request, facts, context_), bytes, trailers);
  }
  Outcome<WithBody<api::GetObject::Reply>> get(const std::string& key,
                                               api::GetObject::Request request = {}) {
    if (request.bucket.empty()) request.bucket = "my-bucket";
    request.key = key;
    return objects_.get(request, context_);
  }
  std::string read(const std::string& key, api::GetObject::Request request = {}) {
    auto reply = get(key, std::move(request));
    return reply.ok() ? *objects::drain(*reply->body) : reply.error().code;
  }
  Outcome<api::ListObjectsV2::Reply> list(api::ListObjectsV2::Request request) {
    request.bucket = "my-bucket";
    return objects_.list(request, context_);
  }
  Outcome<api::UploadPart::Reply> put_part(const std::string& upload, int number,
                                           std::string_view bytes,
                                           api::UploadPart::Request request = {}) {
    request.bucket = "my-bucket";
    request.key = "k";
    request.upload_id = upload;
    request.part_number = number;
    return send(uploads_.put_part(request, {}, context_), bytes);
  }
  std::string begin(api::CreateMultipartUpload::Request request = {}) {
    request.bucket = "my-bucket";
    request.key = "k";
    auto reply = uploads_.create(request, context_);
    return reply.ok() ? *reply->upload_id : reply.error().code;
  }
  Outcome<api::CompleteMultipartUpload::Reply> complete(
      const std::string& upload, std::vector<std::pair<int, std::string>> parts) {
    api::CompleteMultipartUpload::Request request;
    request.bucket = "my-bucket";
    request.key = "k";
    request.upload_id = upload;
    auto& list = request.multipart_upload.emplace().parts.emplace();
    for (auto& [number, etag] : parts) {
      api::s3::CompletedPart& part = list.emplace_back();
      part.part_number = number;
      part.etag = etag;
    }
    return uploads_.complete(request, context_);
  }

  ManualClock clock_;
  CountingIds ids_;
  objects::MemoryStore store_{clock_, ids_};
  S3Buckets buckets_{store_};
  S3Objects objects_{store_};
  S3Uploads uploads_{store_};
  CallContext context_;
};

std::string crc32_of(std::string_view bytes) {
  return base64_encode(digest(DigestKind::kCrc32, bytes));
}

// ---- buckets ----

TEST_F(S3Test, BucketsAreMadeListedAndDeleted) {
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

TEST_F(S3Test, BucketsAreListedInPages) {
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

TEST_F(S3Test, ABucketMadeAgainIsAnErrorOutsideTheFirstRegion) {
  EXPECT_TRUE(buckets_.create({.bucket = "my-bucket"}, context_).ok());
  context_.region = Region("eu-west-1");
  EXPECT_EQ(buckets_.create({.bucket = "my-bucket"}, context_).error().code,
            "BucketAlreadyOwnedByYou");
  EXPECT_EQ(buckets_.create({.bucket = "my-bucket"}, context_).error().status, 409);
}

TEST_F(S3Test, TheLocationIsThatOfTheRequest) {
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

TEST_F(S3Test, BadBucketNamesAreRefused) {
  for (const char* name :
       {"ab", "UPPER", "a_b", "-ab", "ab-", "a..b", "192.168.0.1", "xn--abc", "abc-s3alias"}) {
    EXPECT_EQ(buckets_.create({.bucket = name}, context_).error().code, "InvalidBucketName")
        << name;
  }
  EXPECT_EQ(buckets_.create({.bucket = std::string(64, 'a')}, context_).error().code,
            "InvalidBucketName");
  EXPECT_TRUE(buckets_.create({.bucket = "a.b-1"}, context_).ok());
}

TEST_F(S3Test, AnOccupiedBucketStays) {
  ASSERT_TRUE(put("k", "x").ok());
  EXPECT_EQ(buckets_.remove({.bucket = "my-bucket"}, context_).error().code, "BucketNotEmpty");
}

TEST_F(S3Test, TheDefaultBucketIsMadeOnFirstUse) {
  const std::string name = "sagemaker-eu-central-1-000000000000";
  EXPECT_TRUE(objects_.list({.bucket = name}, context_).ok());
  EXPECT_EQ(buckets_.location({.bucket = name}, context_)->location_constraint, "eu-central-1");
  EXPECT_TRUE(put("k", "x", {.bucket = "sagemaker-us-west-2-000000000000"}).ok());
  for (const char* other : {"sagemaker-us-west-2-111111111111", "sagemaker-us-west-2",
                            "sagemaker--000000000000", "none"}) {
    EXPECT_EQ(put("k", "x", {.bucket = other}).error().code, "NoSuchBucket") << other;
  }
}

TEST_F(S3Test, AnotherOwnerIsDenied) {
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

// ---- objects ----

TEST_F(S3Test, ObjectsComeBackAsTheyWerePut) {
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

TEST_F(S3Test, RangesTable) {
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

TEST_F(S3Test, AWholeChecksumIsNeverSentWithARange) {
  ASSERT_TRUE(put("k", "hello", {.checksum_crc32 = crc32_of("hello")}).ok());
  EXPECT_EQ(get("k", {.checksum_mode = "ENABLED"})->reply.checksum_crc32, crc32_of("hello"));
  EXPECT_EQ(get("k", {.checksum_mode = "ENABLED"})->reply.checksum_type, "FULL_OBJECT");
  EXPECT_EQ(get("k", {.range = "bytes=0-4", .checksum_mode = "ENABLED"})->reply.checksum_crc32,
            std::nullopt);
  EXPECT_EQ(get("k")->reply.checksum_crc32, std::nullopt);
}

TEST_F(S3Test, ReadConditionsTable) {
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

TEST_F(S3Test, WriteConditions) {
  ASSERT_TRUE(put("k", "1", {.if_none_match = "*"}).ok());
  EXPECT_EQ(put("k", "2", {.if_none_match = "*"}).error().status, 412);
  EXPECT_EQ(put("k", "2", {.if_none_match = "\"abc\""}).error().code, "NotImplemented");
  EXPECT_EQ(put("k", "2", {.if_match = "\"abc\""}).error().code, "PreconditionFailed");
  EXPECT_EQ(put("none", "2", {.if_match = "\"abc\""}).error().code, "NoSuchKey");
  EXPECT_EQ(read("k"), "1");
}

TEST_F(S3Test, HeadSaysWhatGetWouldSend) {
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

TEST_F(S3Test, BytesThatAreNotWhatWasClaimedAreRefused) {
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

TEST_F(S3Test, ChecksumsInTrailersAreChecked) {
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

TEST_F(S3Test, OversizedThingsAreRefused) {
  EXPECT_EQ(put(std::string(1025, 'k'), "x").error().code, "KeyTooLongError");
  EXPECT_EQ(put("\xFF", "x").error().code, "InvalidURI");
  EXPECT_EQ(put("k", "x", {}, {.length = 6ULL << 30}).error().code, "EntityTooLarge");
  api::PutObject::Request request;
  request.metadata.emplace().emplace_back("a", std::string(2048, 'v'));
  EXPECT_EQ(put("k", "x", request).error().code, "MetadataTooLarge");
}

TEST_F(S3Test, DeletingAnAbsentKeySucceeds) {
  ASSERT_TRUE(put("k", "x").ok());
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(objects_.remove({.bucket = "my-bucket", .key = "k"}, context_).ok());
  EXPECT_EQ(get("k").error().code, "NoSuchKey");
  EXPECT_EQ(objects_.remove({.bucket = "none", .key = "k"}, context_).error().code, "NoSuchBucket");
}

// ---- listing ----

TEST_F(S3Test, ListsInPagesWithTokens) {
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

TEST_F(S3Test, ListOptions) {
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

// ---- uploads ----

TEST_F(S3Test, AnUploadInPartsBecomesAnObject) {
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

TEST_F(S3Test, UploadErrorsHaveTheirOwnCodes) {
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
  EXPECT_EQ(begin({.checksum_algorithm = "CRC64NVME", .checksum_type = "COMPOSITE"}),
            "InvalidRequest");
  const api::AbortMultipartUpload::Request abort{
      .bucket = "my-bucket", .key = "k", .upload_id = upload};
  EXPECT_TRUE(uploads_.abort(abort, context_).ok());
  EXPECT_EQ(uploads_.abort(abort, context_).error().code, "NoSuchUpload");
}

}  // namespace
}  // namespace clary::services
