#include "services/s3_copies.h"

#include "services/s3_fixture.h"

namespace clary::services {
namespace {

using S3CopiesTest = S3Test;

// Its source is put anew before a copy, so many times.
class ReplacedSources final : public objects::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  int left = 0;

  Result<objects::ObjectHead> copy(const objects::CopyRequest& request) override {
    if (left > 0) {
      CLARY_TRY(const auto writer, put({.bucket = request.from_bucket, .key = request.from_key}));
      CLARY_RETURN_IF_ERROR(writer->write("replaced " + std::to_string(left--)));
      CLARY_RETURN_IF_ERROR(finished(*writer));
    }
    return MemoryStore::copy(request);
  }

 private:
  static Status finished(objects::ObjectWriter& writer) {
    const Result<objects::ObjectHead> head = writer.finish();
    return head.ok() ? Status() : Status(head.error());
  }
};

TEST(CopySource, IsReadInEveryForm) {
  const auto read = [](std::string_view field) {
    Outcome<CopySource> source = read_copy_source(field);
    return source.ok() ? source->bucket + " " + source->key + " " + source->version
                       : source.error().code;
  };
  EXPECT_EQ(read("b/k"), "b k ");
  EXPECT_EQ(read("/b/k/l"), "b k/l ");
  EXPECT_EQ(read("b//k"), "b /k ");
  EXPECT_EQ(read("b%2Fa%20b%2B+%25"), "b a b++% ");
  EXPECT_EQ(read("b/k?versionId=v1"), "b k v1");
  EXPECT_EQ(read("b/k%3FversionId=v1"), "b k?versionId=v1 ");
  for (const char* malformed : {"", "/", "b", "b/", "/b/", "//k", "b/%zz", "b/k?versionId="})
    EXPECT_EQ(read(malformed), "InvalidArgument") << malformed;
}

TEST_F(S3CopiesTest, DirectivesChooseMetadataAndTags) {
  api::PutObject::Request source;
  source.content_type = "a/b";
  source.metadata.emplace().emplace_back("from", "source");
  source.tagging = "t=1";
  ASSERT_TRUE(put("source", "hello", source).ok());
  api::CopyObject::Request copy{
      .bucket = "my-bucket", .content_type = "c/d", .copy_source = "my-bucket/source", .key = "k"};
  copy.tagging = "u=2";
  ASSERT_TRUE(copies_.copy(copy, context_).ok());
  EXPECT_EQ(get("k")->reply.content_type, "a/b");
  EXPECT_EQ(store_.head(BucketName("my-bucket"), ObjectKey("k"))->tags.count("t"), 1U);
  copy.metadata_directive = "REPLACE";
  copy.tagging_directive = "REPLACE";
  ASSERT_TRUE(copies_.copy(copy, context_).ok());
  EXPECT_EQ(get("k")->reply.content_type, "c/d");
  EXPECT_FALSE(get("k")->reply.metadata);
  EXPECT_EQ(store_.head(BucketName("my-bucket"), ObjectKey("k"))->tags.count("u"), 1U);
  EXPECT_EQ(read("k"), "hello");
}

TEST_F(S3CopiesTest, WhatCannotBeCopiedIsRefused) {
  ASSERT_TRUE(put("source", "hello").ok());
  const auto code = [&](api::CopyObject::Request request) {
    request.bucket = "my-bucket";
    if (request.key.empty()) request.key = "k";
    const auto reply = copies_.copy(request, context_);
    return reply.ok() ? std::string("copied") : reply.error().code;
  };
  EXPECT_EQ(code({.copy_source = "my-bucket/source", .key = "source"}), "InvalidRequest");
  EXPECT_EQ(code({.copy_source = "my-bucket/none"}), "NoSuchKey");
  EXPECT_EQ(code({.copy_source = "none/source"}), "NoSuchBucket");
  EXPECT_EQ(code({.copy_source = "my-bucket/source?versionId=v"}), "NoSuchVersion");
  EXPECT_EQ(code({.copy_source = "my-bucket/source", .copy_source_if_none_match = "*"}),
            "PreconditionFailed");
  EXPECT_EQ(code({.copy_source = "my-bucket/source", .expected_source_bucket_owner = "9"}),
            "AccessDenied");
  ASSERT_TRUE(store_.set_versioning(BucketName("my-bucket"), objects::Versioning::kEnabled).ok());
  const auto hidden = objects_.remove({.bucket = "my-bucket", .key = "source"}, context_);
  ASSERT_TRUE(hidden.ok());
  EXPECT_EQ(code({.copy_source = "my-bucket/source"}), "NoSuchKey");
}

TEST(CopyOfAReplacedSource, IsOneOrTheOther) {
  ManualClock clock;
  CountingIds ids;
  ReplacedSources store(clock, ids);
  S3Copies copies(store);
  const BucketName bucket("b");
  ASSERT_TRUE(store.create_bucket({bucket, {}, Region("us-east-1")}).ok());
  const auto put = [&] {
    auto writer = std::move(store.put({.bucket = bucket, .key = ObjectKey("from")})).value();
    EXPECT_TRUE(writer->write("first").ok());
    EXPECT_TRUE(writer->finish().ok());
  };
  const CallContext context{.account = AccountId("000000000000"), .region = Region("us-east-1")};
  const auto code = [&](int replaced, std::optional<std::string> if_match = {}) {
    put();
    store.left = replaced;
    api::CopyObject::Request request;
    request.bucket = "b";
    request.key = "to";
    request.copy_source = "b/from";
    request.copy_source_if_match = std::move(if_match);
    const auto reply = copies.copy(request, context);
    return reply.ok() ? std::string("copied") : reply.error().code;
  };
  EXPECT_EQ(code(0), "copied");
  EXPECT_EQ(code(4), "copied");
  auto copied = std::move(store.get(bucket, ObjectKey("to"), objects::ReadRequest())).value();
  EXPECT_EQ(objects::drain(*copied.bytes).value(), "replaced 1");
  EXPECT_EQ(code(5), "OperationAborted");
  put();
  const std::string etag = store.head(bucket, ObjectKey("from"), "")->etag;
  EXPECT_EQ(code(1, '"' + etag + '"'), "PreconditionFailed") << "the client's own condition";
}

}  // namespace
}  // namespace clary::services
