#include "base/text_encoding.h"
#include "objects/object_store_conformance.h"
#include "objects/store_rules.h"

namespace clary::objects {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectCopyConformance);

StoreCase ObjectCopyConformance::of(StoreCase store) { return store; }

Result<ObjectHead> ObjectCopyConformance::copy(const std::string& from, const std::string& key,
                                               PutRequest to) {
  CLARY_TRY(const ObjectHead head, store().head(kBucket, ObjectKey(from)));
  to.bucket = kBucket;
  to.key = ObjectKey(key);
  return store().copy({.from_bucket = kBucket,
                       .from_key = ObjectKey(from),
                       .from_etag = head.etag,
                       .to = std::move(to)});
}

TEST_P(ObjectCopyConformance, ACopyIsWhatAPutWouldBe) {
  make_bucket();
  for (const std::size_t size : {0UL, 100UL, 50'000UL}) {
    const std::string bytes = sample_bytes(size);
    PutRequest put_request{.compute_checksum = DigestKind::kCrc32};
    put_request.metadata.user["of"] = "source";
    ASSERT_TRUE(put("from", bytes, put_request).ok());
    PutRequest to{.compute_checksum = DigestKind::kCrc32, .tags = {{"a", "b"}}};
    to.metadata.user["of"] = "copy";
    const Result<ObjectHead> copied = copy("from", "to/+ %", to);
    ASSERT_TRUE(copied.ok()) << copied.error().message;
    ASSERT_TRUE(put("from", "other").ok());
    EXPECT_EQ(read("to/+ %"), bytes);
    const Result<ObjectHead> head = store().head(kBucket, ObjectKey("to/+ %"));
    ASSERT_TRUE(head.ok() && head->checksum);
    EXPECT_EQ(head->etag, hex_encode(md5(bytes)));
    EXPECT_EQ(copied->etag, head->etag);
    EXPECT_EQ(head->checksum->value, base64_encode(digest(DigestKind::kCrc32, bytes)));
    EXPECT_EQ(head->metadata.user, (std::map<std::string, std::string>{{"of", "copy"}}));
    EXPECT_EQ(head->tags, (Tags{{"a", "b"}}));
  }
}

TEST_P(ObjectCopyConformance, AnotherChecksumIsMade) {
  make_bucket();
  const std::string bytes = sample_bytes(50'000);
  ASSERT_TRUE(put("from", bytes, {.compute_checksum = DigestKind::kCrc32}).ok());
  ASSERT_TRUE(copy("from", "to", {.compute_checksum = DigestKind::kSha256}).ok());
  const Result<ObjectHead> head = store().head(kBucket, ObjectKey("to"));
  ASSERT_TRUE(head.ok() && head->checksum);
  EXPECT_EQ(head->checksum->kind, DigestKind::kSha256);
  EXPECT_EQ(head->checksum->value, base64_encode(sha256(bytes)));
}

TEST_P(ObjectCopyConformance, PartsBecomeWhole) {
  make_bucket();
  const std::string first = sample_bytes(kMinPartBytes, 1);
  const UploadId upload = begin("from");
  const CompletedPart one = put_part("from", upload, 1, first);
  const CompletedPart two = put_part("from", upload, 2, "end");
  ASSERT_TRUE(complete("from", upload, {one, two}).ok());
  const Result<ObjectHead> copied = copy("from", "to");
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  EXPECT_EQ(copied->etag, hex_encode(md5(first + "end")));
  EXPECT_EQ(read("to"), first + "end");
}

TEST_P(ObjectCopyConformance, ACopyOutlivesItsSourceAndASourceItsCopy) {
  make_bucket();
  const std::string bytes = sample_bytes(50'000);
  ASSERT_TRUE(put("one", bytes).ok());
  ASSERT_TRUE(copy("one", "two").ok());
  ASSERT_TRUE(copy("two", "three").ok());
  ASSERT_TRUE(store().remove(kBucket, ObjectKey("two")).ok());
  EXPECT_EQ(read("one"), bytes);
  ASSERT_TRUE(store().remove(kBucket, ObjectKey("one")).ok());
  EXPECT_EQ(read("three"), bytes);
  ASSERT_TRUE(copy("three", "three", {.tags = {{"onto", "itself"}}}).ok());
  EXPECT_EQ(read("three"), bytes);
}

TEST_P(ObjectCopyConformance, WhatWasNotLookedAtIsNotCopied) {
  make_bucket();
  ASSERT_TRUE(put("from", sample_bytes(50'000)).ok());
  const auto refusal = [&](const char* key, const char* etag, PutCondition condition = {}) {
    return store()
        .copy({.from_bucket = kBucket,
               .from_key = ObjectKey(key),
               .from_etag = etag,
               .to = {.bucket = kBucket, .key = ObjectKey("to"), .condition = condition}})
        .error();
  };
  EXPECT_TRUE(is_changed_source(refusal("from", "0123")));
  EXPECT_EQ(refusal("none", "0123").code, ErrorCode::kNotFound);
  const std::string etag = store().head(kBucket, ObjectKey("from"))->etag;
  ASSERT_TRUE(put("to", "there").ok());
  const Error refused = refusal("from", etag.c_str(), {.only_if_absent = true});
  EXPECT_EQ(refused.code, ErrorCode::kConflict);
  EXPECT_FALSE(is_changed_source(refused)) << refused.message;
  EXPECT_EQ(read("to"), "there");
}

}  // namespace clary::objects
