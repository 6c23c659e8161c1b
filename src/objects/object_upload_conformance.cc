#include "base/text_encoding.h"
#include "objects/object_store_conformance.h"

namespace clary::objects {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectUploadConformance);

StoreCase ObjectUploadConformance::of(StoreCase store) { return store; }

TEST_P(ObjectUploadConformance, PartsBecomeOneObject) {
  make_bucket();
  const std::string first = sample_bytes(kMinPartBytes, 1);
  const std::string second = sample_bytes(1000, 2);
  const UploadId upload = begin("k");
  const CompletedPart two = put_part("k", upload, 7, second);
  const CompletedPart one = put_part("k", upload, 2, first);
  EXPECT_EQ(names(listing()), "");
  const Result<ObjectHead> head = complete("k", upload, {one, two});
  ASSERT_TRUE(head.ok()) << head.error().message;
  EXPECT_EQ(head->etag, hex_encode(md5(md5(first) + md5(second))) + "-2");
  EXPECT_EQ(read("k"), first + second);
  EXPECT_EQ(read("k", RangeRequest{kMinPartBytes - 2, kMinPartBytes + 1}),
            first.substr(kMinPartBytes - 2) + second.substr(0, 2));
  EXPECT_EQ(store().head(BucketName("bucket"), ObjectKey("k"))->metadata.user.at("origin"),
            "parts");
  const Result<ObjectHead> again = complete("k", upload, {one, two});
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->etag, head->etag);
}

TEST_P(ObjectUploadConformance, ASinglePartKeepsTheFormOfItsETag) {
  make_bucket();
  const UploadId upload = begin("k");
  const CompletedPart part = put_part("k", upload, 1, "small");
  const Result<ObjectHead> head = complete("k", upload, {part});
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->etag, hex_encode(md5(md5("small"))) + "-1");
  EXPECT_EQ(read("k"), "small");
}

TEST_P(ObjectUploadConformance, APartPutAgainReplacesTheFormer) {
  make_bucket();
  const UploadId upload = begin("k");
  const CompletedPart former = put_part("k", upload, 1, "former");
  const CompletedPart latter = put_part("k", upload, 1, "latter");
  EXPECT_EQ(complete("k", upload, {former}).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(complete("k", upload, {latter}).ok());
  EXPECT_EQ(read("k"), "latter");
}

TEST_P(ObjectUploadConformance, WrongListsOfPartsAreRefused) {
  make_bucket();
  const UploadId upload = begin("k");
  const CompletedPart one = put_part("k", upload, 1, "one");
  const CompletedPart two = put_part("k", upload, 2, "two");
  const auto code = [&](std::vector<CompletedPart> parts) {
    return complete("k", upload, std::move(parts)).error().code;
  };
  EXPECT_EQ(code({}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({two, one}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({one, two}), ErrorCode::kUnsupported);  // the first is too small
  EXPECT_EQ(code({{3, one.etag, std::nullopt}}), ErrorCode::kConflict);
  EXPECT_EQ(code({{1, two.etag, std::nullopt}}), ErrorCode::kConflict);
  EXPECT_EQ(complete("k", UploadId("none"), {one}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(complete("other", upload, {one}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(complete("k", upload, {two}).ok());
  EXPECT_EQ(read("k"), "two");
}

TEST_P(ObjectUploadConformance, AnAbortedUploadIsGone) {
  make_bucket();
  const UploadId upload = begin("k");
  const CompletedPart part = put_part("k", upload, 1, "x");
  ASSERT_TRUE(store().abort_upload(BucketName("bucket"), ObjectKey("k"), upload).ok());
  EXPECT_EQ(store().abort_upload(BucketName("bucket"), ObjectKey("k"), upload).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(complete("k", upload, {part}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(names(listing()), "");
}

TEST_P(ObjectUploadConformance, ChecksumsOfPartsMakeTheObjects) {
  make_bucket();
  const std::string first = sample_bytes(kMinPartBytes, 1);
  const std::string second = sample_bytes(1000, 2);
  for (const bool composite : {true, false}) {
    const UploadId upload = begin("k", DigestKind::kCrc32, composite);
    const CompletedPart one = put_part("k", upload, 1, first);
    const CompletedPart two = put_part("k", upload, 2, second);
    const Result<ObjectHead> head = complete("k", upload, {one, two});
    ASSERT_TRUE(head.ok() && head->checksum);
    const auto crc32 = [](std::string_view bytes) { return digest(DigestKind::kCrc32, bytes); };
    EXPECT_EQ(head->checksum->value, composite
                                         ? base64_encode(crc32(crc32(first) + crc32(second))) + "-2"
                                         : base64_encode(crc32(first + second)));
    EXPECT_EQ(head->checksum->composite, composite);
  }
}

}  // namespace clary::objects
