#include "objects/object_store_conformance.h"

#include <array>
#include <utility>

#include "base/text_encoding.h"
#include "objects/body_digests.h"

namespace clary::objects {

// Tests of other folders take drain() and sample_bytes() from here, and no store.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectStoreConformance);

ObjectStoreConformance::ObjectStoreConformance() : target_(GetParam().make()) {}
ObjectStoreConformance::~ObjectStoreConformance() = default;

Result<std::string> drain(net::ByteSource& source) {
  std::string out;
  std::array<char, 5000> piece{};
  for (;;) {
    CLARY_TRY(const std::size_t got, source.read(piece));
    if (got == 0) return out;
    out.append(piece.data(), got);
  }
}

std::string sample_bytes(std::size_t size, unsigned seed) {
  std::string out(size, '\0');
  std::uint64_t state = seed;
  for (char& c : out) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56);
  }
  return out;
}

void ObjectStoreConformance::make_bucket(const std::string& name) {
  const TimePoint created(std::chrono::seconds(1'700'000'000));
  const Status made = store().create_bucket({BucketName(name), created, Region("us-east-1")});
  ASSERT_TRUE(made.ok()) << made.error().message;
}

Result<ObjectHead> ObjectStoreConformance::put(const std::string& key, std::string_view bytes,
                                               PutRequest request) {
  if (request.bucket.empty()) request.bucket = BucketName("bucket");
  request.key = ObjectKey(key);
  CLARY_TRY(const std::unique_ptr<ObjectWriter> writer, store().put(std::move(request)));
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 7000))) {
    CLARY_RETURN_IF_ERROR(writer->write(bytes.substr(0, 7000)));
  }
  return writer->finish();
}

std::string ObjectStoreConformance::read(const std::string& key,
                                         std::optional<RangeRequest> range) {
  Result<ObjectBody> body = store().get(BucketName("bucket"), ObjectKey(key), range);
  if (!body.ok()) return "error: " + body.error().message;
  Result<std::string> bytes = drain(*body->bytes);
  if (!bytes.ok()) return "error: " + bytes.error().message;
  EXPECT_EQ(bytes->size(), body->length);
  return *bytes;
}

ListRequest ObjectStoreConformance::listing(std::string prefix, std::string delimiter) {
  ListRequest request;
  request.bucket = BucketName("bucket");
  request.prefix = std::move(prefix);
  request.delimiter = std::move(delimiter);
  return request;
}

std::string ObjectStoreConformance::names(const ListRequest& request) {
  Result<ListPage> page = store().list(request);
  if (!page.ok()) return "error: " + page.error().message;
  std::string out;
  const auto append = [&](const std::string& name) { out += (out.empty() ? "" : " ") + name; };
  for (const ObjectHead& object : page->objects) append(*object.key);
  for (const std::string& prefix : page->common_prefixes) append(prefix);
  if (page->truncated) out += " ...";
  return out;
}

UploadId ObjectStoreConformance::begin(const std::string& key, std::optional<DigestKind> kind,
                                       bool composite) {
  MultipartRequest request{BucketName("bucket"), ObjectKey(key), {}, kind, composite};
  request.metadata.user["origin"] = "parts";
  Result<UploadId> upload = store().begin_upload(request);
  EXPECT_TRUE(upload.ok());
  return upload.ok() ? *upload : UploadId();
}

CompletedPart ObjectStoreConformance::put_part(const std::string& key, const UploadId& upload,
                                               int number, std::string_view bytes) {
  PutRequest request{
      .bucket = BucketName("bucket"), .key = ObjectKey(key), .announced_bytes = bytes.size()};
  Result<std::unique_ptr<ObjectWriter>> writer =
      store().put_part(std::move(request), upload, number);
  EXPECT_TRUE(writer.ok());
  if (!writer.ok()) return {};
  EXPECT_TRUE((*writer)->write(bytes).ok());
  Result<ObjectHead> head = (*writer)->finish();
  EXPECT_TRUE(head.ok());
  return head.ok() ? CompletedPart{number, head->etag, std::nullopt} : CompletedPart{};
}

Result<ObjectHead> ObjectStoreConformance::complete(const std::string& key, const UploadId& upload,
                                                    std::vector<CompletedPart> parts) {
  return store().complete_upload(
      {BucketName("bucket"), ObjectKey(key), upload, std::move(parts), {}, {}, {}});
}

// ---- buckets ----

TEST_P(ObjectStoreConformance, BucketsAreMadeFoundListedAndRemoved) {
  make_bucket("bucket");
  make_bucket("abucket");
  EXPECT_EQ(store().create_bucket({BucketName("abucket"), {}, Region("us-east-1")}).error().code,
            ErrorCode::kAlreadyExists);
  Result<std::vector<Bucket>> all = store().list_buckets();
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].name, BucketName("abucket"));
  ASSERT_TRUE(store().find_bucket(BucketName("bucket")).ok());
  EXPECT_EQ(*store().find_bucket(BucketName("bucket"))->region, "us-east-1");
  EXPECT_TRUE(store().remove_bucket(BucketName("abucket")).ok());
  EXPECT_EQ(store().find_bucket(BucketName("abucket")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store().remove_bucket(BucketName("abucket")).error().code, ErrorCode::kNotFound);
}

TEST_P(ObjectStoreConformance, AnOccupiedBucketIsNotRemoved) {
  make_bucket();
  ASSERT_TRUE(put("k", "x").ok());
  EXPECT_EQ(store().remove_bucket(BucketName("bucket")).error().code, ErrorCode::kConflict);
  EXPECT_EQ(read("k"), "x");
}

TEST_P(ObjectStoreConformance, AbsencesSayWhatIsAbsent) {
  make_bucket();
  const Error no_bucket = store().head(BucketName("none"), ObjectKey("k")).error();
  EXPECT_EQ(no_bucket.code, ErrorCode::kNotFound);
  EXPECT_EQ(no_bucket.message, "bucket 'none': not there");
  const Error no_key = store().get(BucketName("bucket"), ObjectKey("k"), std::nullopt).error();
  EXPECT_EQ(no_key.code, ErrorCode::kNotFound);
  EXPECT_EQ(no_key.message, "bucket 'bucket': key 'k': not there");
  EXPECT_EQ(put("k", "x", {.bucket = BucketName("none")}).error().code, ErrorCode::kNotFound);
}

// ---- objects ----

TEST_P(ObjectStoreConformance, BodiesOfEverySizeComeBack) {
  make_bucket();
  for (const std::size_t size : {0UL, 1UL, 100UL, 16384UL, 16385UL, 70'000UL, 3'000'000UL}) {
    const std::string bytes = sample_bytes(size);
    const Result<ObjectHead> head = put("k" + std::to_string(size), bytes);
    ASSERT_TRUE(head.ok()) << head.error().message;
    EXPECT_EQ(head->etag, hex_encode(md5(bytes)));
    EXPECT_EQ(head->size_bytes, size);
    EXPECT_EQ(read("k" + std::to_string(size)), bytes);
  }
}

TEST_P(ObjectStoreConformance, AnObjectIsReplacedWhole) {
  make_bucket();
  for (const std::size_t size : {10UL, 40'000UL, 20UL, 50'000UL, 0UL}) {
    const std::string bytes = sample_bytes(size, static_cast<unsigned>(size));
    ASSERT_TRUE(put("k", bytes).ok());
    EXPECT_EQ(read("k"), bytes);
  }
  EXPECT_EQ(names(listing()), "k");
}

TEST_P(ObjectStoreConformance, MetadataComesBack) {
  make_bucket();
  PutRequest request;
  request.metadata.content_type = "text/csv; charset=utf-8";
  request.metadata.standard["cache-control"] = "no-cache";
  request.metadata.user["owner"] = "a&b=c %d";
  request.metadata.server_side_encryption = "aws:kms";
  ASSERT_TRUE(put("k", "x", request).ok());
  const Result<ObjectHead> head = store().head(BucketName("bucket"), ObjectKey("k"));
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->metadata.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(head->metadata.standard.at("cache-control"), "no-cache");
  EXPECT_EQ(head->metadata.user.at("owner"), "a&b=c %d");
  EXPECT_EQ(head->metadata.server_side_encryption, "aws:kms");
}

TEST_P(ObjectStoreConformance, OddKeysAreOnlyNames) {
  make_bucket();
  const std::vector<std::string> keys = {"a b+c%20d",
                                         "../../etc/passwd",
                                         "/absolute",
                                         "//",
                                         "trailing/",
                                         "a/./b",
                                         "\xE6\x97\xA5\xE6\x9C\xAC/\xC3\xA9",
                                         "?query=1&x#y",
                                         "a\"b<c>'d\\e",
                                         ".",
                                         "..",
                                         std::string(target().longest_key(), 'k')};
  for (const std::string& key : keys) {
    ASSERT_TRUE(put(key, "of " + key).ok()) << key;
  }
  for (const std::string& key : keys) EXPECT_EQ(read(key), "of " + key);
  EXPECT_EQ(store().list(listing())->objects.size(), keys.size());
  EXPECT_EQ(put(std::string(target().longest_key() + 1, 'k'), "x").error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(put("", "x").error().code, ErrorCode::kInvalidArgument);
}

TEST_P(ObjectStoreConformance, RangesAreResolvedAgainstTheSize) {
  make_bucket();
  for (const std::size_t size : {10UL, 100'000UL}) {
    const std::string bytes = sample_bytes(size);
    ASSERT_TRUE(put("k", bytes).ok());
    EXPECT_EQ(read("k", RangeRequest{0, 0}), bytes.substr(0, 1));
    EXPECT_EQ(read("k", RangeRequest{3, 7}), bytes.substr(3, 5));
    EXPECT_EQ(read("k", RangeRequest{3, std::nullopt}), bytes.substr(3));
    EXPECT_EQ(read("k", RangeRequest{3, size * 9}), bytes.substr(3));
    EXPECT_EQ(read("k", RangeRequest{std::nullopt, 4}), bytes.substr(size - 4));
    EXPECT_EQ(read("k", RangeRequest{std::nullopt, size * 9}), bytes);
    for (const RangeRequest outside :
         {RangeRequest{size, std::nullopt}, RangeRequest{5, 4}, RangeRequest{std::nullopt, 0}}) {
      EXPECT_EQ(store().get(BucketName("bucket"), ObjectKey("k"), outside).error().code,
                ErrorCode::kLimitExceeded);
    }
  }
  const Result<ObjectBody> body =
      store().get(BucketName("bucket"), ObjectKey("k"), RangeRequest{std::nullopt, 4});
  ASSERT_TRUE(body.ok() && body->range);
  EXPECT_EQ(body->range->first, 99'996U);
  EXPECT_EQ(body->range->last, 99'999U);
}

TEST_P(ObjectStoreConformance, WrongBytesAreNotStored) {
  make_bucket();
  const auto refused = [&](const PutRequest& expectation, const std::string& bytes) {
    const Result<ObjectHead> head = put("k", bytes, expectation);
    return !head.ok() && head.error().code == ErrorCode::kInvalidArgument;
  };
  for (const std::size_t size : {10UL, 50'000UL}) {
    const std::string bytes = sample_bytes(size);
    EXPECT_TRUE(refused({.expected_md5 = md5("other")}, bytes));
    EXPECT_TRUE(refused({.expected_sha256 = hex_encode(sha256("other"))}, bytes));
    EXPECT_TRUE(
        refused({.expected_checksum = Checksum{DigestKind::kCrc32, "AAAAAA==", false}}, bytes));
  }
  EXPECT_EQ(names(listing()), "");
}

TEST_P(ObjectStoreConformance, ChecksumsOfEveryKindAreKept) {
  make_bucket();
  for (const DigestKind kind : kChecksumKinds) {
    const std::string value = base64_encode(digest(kind, "hello"));
    PutRequest request{.expected_sha256 = hex_encode(sha256("hello")),
                       .expected_checksum = Checksum{kind, value, false}};
    const Result<ObjectHead> put_head = put("k", "hello", request);
    ASSERT_TRUE(put_head.ok()) << put_head.error().message;
    const Result<ObjectHead> head = store().head(BucketName("bucket"), ObjectKey("k"));
    ASSERT_TRUE(head.ok() && head->checksum);
    EXPECT_EQ(head->checksum->kind, kind);
    EXPECT_EQ(head->checksum->value, value);
  }
}

TEST_P(ObjectStoreConformance, ConditionsHoldAtTheMomentOfStoring) {
  make_bucket();
  const Result<ObjectHead> first = put("k", "1", {.condition = {.only_if_absent = true}});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(put("k", "2", {.condition = {.only_if_absent = true}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(put("k", "2", {.condition = {.if_etag = "0123"}}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(put("none", "2", {.condition = {.if_etag = "0123"}}).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(read("k"), "1");
  EXPECT_TRUE(put("k", "2", {.condition = {.if_etag = first->etag}}).ok());
  EXPECT_EQ(read("k"), "2");
}

TEST_P(ObjectStoreConformance, WhatIsNotFinishedIsNotThere) {
  make_bucket();
  {
    Result<std::unique_ptr<ObjectWriter>> writer =
        store().put({.bucket = BucketName("bucket"), .key = ObjectKey("k")});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->write(sample_bytes(100'000)).ok());
    EXPECT_EQ(names(listing()), "");
  }
  EXPECT_EQ(names(listing()), "");
}

TEST_P(ObjectStoreConformance, RemovingIsIdempotent) {
  make_bucket();
  ASSERT_TRUE(put("k", sample_bytes(100'000)).ok());
  EXPECT_TRUE(store().remove(BucketName("bucket"), ObjectKey("k")).ok());
  EXPECT_TRUE(store().remove(BucketName("bucket"), ObjectKey("k")).ok());
  EXPECT_EQ(store().remove(BucketName("none"), ObjectKey("k")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(names(listing()), "");
}

TEST_P(ObjectStoreConformance, AReaderNeverMixesTwoObjects) {
  make_bucket();
  const std::string bytes = sample_bytes(100'000);
  ASSERT_TRUE(put("k", bytes).ok());
  Result<ObjectBody> body = store().get(BucketName("bucket"), ObjectKey("k"), std::nullopt);
  ASSERT_TRUE(body.ok());
  ASSERT_TRUE(put("k", "other").ok());
  const Result<std::string> read_bytes = drain(*body->bytes);
  // A local store keeps what was opened; a remote one cannot.
  if (read_bytes.ok()) {
    EXPECT_EQ(*read_bytes, bytes);
  } else {
    EXPECT_EQ(read_bytes.error().code, ErrorCode::kConflict);
  }
}

}  // namespace clary::objects
