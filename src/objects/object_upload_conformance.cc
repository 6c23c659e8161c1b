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

TEST_P(ObjectUploadConformance, PartsOfOneLengthComeInAnyOrder) {
  make_bucket();
  std::vector<std::string> bytes;
  for (unsigned seed = 0; seed < 3; ++seed) bytes.push_back(sample_bytes(kMinPartBytes, seed));
  for (const bool again : {false, true}) {
    const UploadId upload = begin("k");
    const CompletedPart two = put_part("k", upload, 2, bytes[1]);
    const CompletedPart end = put_part("k", upload, 4, "end");
    const CompletedPart three = put_part("k", upload, 3, bytes[2]);
    CompletedPart one = put_part("k", upload, 1, bytes[0]);
    if (again) one = put_part("k", upload, 1, bytes[1]);
    const Result<ObjectHead> head = complete("k", upload, {one, two, three, end});
    ASSERT_TRUE(head.ok()) << head.error().message;
    EXPECT_TRUE(read("k") == bytes[again ? 1 : 0] + bytes[1] + bytes[2] + "end");
  }
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

TEST_P(ObjectUploadConformance, PartsOfAnObjectCanBeRead) {
  make_bucket();
  const std::string first = sample_bytes(kMinPartBytes, 1);
  const UploadId upload = begin("k");
  const CompletedPart one = put_part("k", upload, 1, first);
  const CompletedPart two = put_part("k", upload, 2, "second");
  ASSERT_TRUE(complete("k", upload, {one, two}).ok());
  ASSERT_TRUE(put("whole", "1234").ok());
  const auto part = [&](const std::string& key, int number) -> std::string {
    const Result<ObjectBody> body =
        store().get(BucketName("bucket"), ObjectKey(key), ReadRequest{.part = number});
    if (!body.ok()) return body.error().code == ErrorCode::kLimitExceeded ? "absent" : "error";
    return *drain(*body->bytes);
  };
  EXPECT_EQ(part("k", 1), first);
  EXPECT_EQ(part("k", 2), "second");
  EXPECT_EQ(part("k", 3), "absent");
  EXPECT_EQ(part("whole", 1), "1234");
  EXPECT_EQ(part("whole", 2), "absent");
  const ReadRequest second{.part = 2};
  EXPECT_EQ(store().get(BucketName("bucket"), ObjectKey("k"), second)->head.parts.size(), 2U);
}

TEST_P(ObjectUploadConformance, PartsMayBringAnotherChecksumThanTheDefaultOne) {
  make_bucket();
  MultipartRequest request{.bucket = BucketName("bucket"), .key = ObjectKey("k"), .metadata = {}};
  request.checksum_kind = DigestKind::kCrc64Nvme;
  request.composite_checksum = false;
  request.default_checksum = true;
  const UploadId upload = store().begin_upload(request).value();
  const std::string first = sample_bytes(kMinPartBytes, 1);
  const Checksum brought{DigestKind::kCrc32, base64_encode(digest(DigestKind::kCrc32, first))};
  PutRequest part{.bucket = BucketName("bucket"), .key = ObjectKey("k")};
  part.expected_checksum = brought;
  auto writer = store().put_part(part, upload, 1).value();
  ASSERT_TRUE(writer->write(first).ok());
  const Result<ObjectHead> head = writer->finish();
  ASSERT_TRUE(head.ok()) << head.error().message;
  CompletedPart one{1, head->etag, brought};
  const CompletedPart two = put_part("k", upload, 2, "end");
  one.checksum->value = base64_encode(digest(DigestKind::kCrc32, "other"));
  EXPECT_EQ(complete("k", upload, {one, two}).error().code, ErrorCode::kConflict);
  one.checksum = brought;
  const Result<ObjectHead> done = complete("k", upload, {one, two});
  ASSERT_TRUE(done.ok()) << done.error().message;
  const auto kept = store().head(BucketName("bucket"), ObjectKey("k"))->checksum;
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->kind, DigestKind::kCrc64Nvme);
  EXPECT_FALSE(kept->composite);
  EXPECT_EQ(kept->value, base64_encode(digest(DigestKind::kCrc64Nvme, first + "end")));
}

TEST_P(ObjectUploadConformance, PartsAreListed) {
  make_bucket();
  const UploadId upload = begin("k", DigestKind::kSha256);
  for (const int number : {5, 1, 3}) put_part("k", upload, number, std::to_string(number));
  PartListRequest request{BucketName("bucket"), ObjectKey("k"), upload};
  request.max_parts = 2;
  const Result<PartPage> page = store().list_parts(request);
  ASSERT_TRUE(page.ok()) << page.error().message;
  ASSERT_EQ(page->parts.size(), 2U);
  EXPECT_TRUE(page->truncated);
  EXPECT_EQ(page->checksum_kind, DigestKind::kSha256);
  EXPECT_TRUE(page->composite_checksum);
  EXPECT_EQ(page->parts[0].number, 1);
  EXPECT_EQ(page->parts[0].size_bytes, 1U);
  EXPECT_EQ(page->parts[0].etag, hex_encode(md5("1")));
  ASSERT_TRUE(page->parts[0].checksum);
  EXPECT_EQ(page->parts[0].checksum->value, base64_encode(sha256("1")));
  request.after = 3;
  const Result<PartPage> rest = store().list_parts(request);
  ASSERT_TRUE(rest.ok());
  ASSERT_EQ(rest->parts.size(), 1U);
  EXPECT_EQ(rest->parts[0].number, 5);
  EXPECT_FALSE(rest->truncated);
  ASSERT_TRUE(store().abort_upload(request.bucket, request.key, upload).ok());
  EXPECT_EQ(store().list_parts(request).error().code, ErrorCode::kNotFound);
}

TEST_P(ObjectUploadConformance, UploadsAreListedUntilTheyEnd) {
  make_bucket();
  std::vector<UploadId> ids;
  for (const char* key : {"b", "a/1", "a/1", "a/2", "c"}) ids.push_back(begin(key));
  const auto page = [&](ListRequest request) {
    request.bucket = BucketName("bucket");
    const Result<UploadPage> found = store().list_uploads(request);
    std::string out;
    for (const PendingUpload& upload : found->uploads) out += *upload.key + " ";
    for (const std::string& prefix : found->common_prefixes) out += prefix + " ";
    return out + (found->truncated ? "..." : "");
  };
  EXPECT_EQ(page({}), "a/1 a/1 a/2 b c ");
  EXPECT_EQ(page({.delimiter = "/"}), "b c a/ ");
  EXPECT_EQ(page({.prefix = "a/", .max_keys = 2}), "a/1 a/1 ...");
  EXPECT_EQ(page({.after = "a/1"}), "a/2 b c ");
  const Result<UploadPage> first =
      store().list_uploads({.bucket = BucketName("bucket"), .max_keys = 1});
  ASSERT_TRUE(first.ok() && first->truncated);
  EXPECT_EQ(page({.after = first->next_after, .after_id = first->next_after_id}), "a/1 a/2 b c ");
  const CompletedPart part = put_part("b", ids[0], 1, "x");
  ASSERT_TRUE(complete("b", ids[0], {part}).ok());
  ASSERT_TRUE(store().abort_upload(BucketName("bucket"), ObjectKey("c"), ids[4]).ok());
  EXPECT_EQ(page({}), "a/1 a/1 a/2 ");
}

}  // namespace clary::objects
