// SharedBucketStore over a MemoryStore.
#include <gtest/gtest.h>

#include "objects/memory_store.h"
#include "objects/object_store_conformance.h"
#include "objects/shared_bucket_store.h"

namespace clary::objects {
namespace {

const BucketName kBelow("below");

class SharedTarget final : public ConformanceTarget {
 public:
  SharedTarget() {
    EXPECT_TRUE(below.create_bucket({kBelow, {}, Region("us-east-1")}).ok());
    Result<std::unique_ptr<SharedBucketStore>> opened = open();
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    shared = std::move(*opened);
  }
  Result<std::unique_ptr<SharedBucketStore>> open(const std::string& owner = "me") {
    return SharedBucketStore::open(
        below,
        {.bucket = kBelow, .prefix = "a/b/", .owner = owner, .versioning_lasts = Duration(0)},
        clock);
  }
  ObjectStore& store() override { return *shared; }
  Status set_versioning(const BucketName& bucket, Versioning versioning) override {
    CLARY_TRY([[maybe_unused]] const Bucket found, shared->find_bucket(bucket));
    return below.set_versioning(kBelow, versioning);
  }
  std::size_t longest_key() const override { return kMaxKeyBytes - sizeof("a/b/bucket/") + 1; }

  SystemClock clock;
  RandomIds ids;
  MemoryStore below{clock, ids};
  std::unique_ptr<SharedBucketStore> shared;
};

StoreCase shared() {
  return {"shared", [] { return std::make_unique<SharedTarget>(); }};
}
CLARY_OBJECT_STORE_CONFORMANCE(Shared, shared());

class SharedBucketTest : public testing::Test {
 protected:
  SharedBucketTest() {
    EXPECT_TRUE(store().create_bucket({kBucket, {}, Region("eu-west-1")}).ok());
  }
  SharedBucketStore& store() { return *target_.shared; }
  static void put(ObjectStore& store, const BucketName& bucket, const std::string& key) {
    auto writer = std::move(store.put({.bucket = bucket, .key = ObjectKey(key)})).value();
    EXPECT_TRUE(writer->write("bytes").ok());
    EXPECT_TRUE(writer->finish().ok());
  }
  std::string below() {
    std::string out;
    const ListPage page = target_.below.list({.bucket = kBelow}).value_or({});
    for (const ObjectHead& head : page.objects) out += *head.key + " ";
    return out;
  }

  static inline const BucketName kBucket{"bucket"};
  SharedTarget target_;
};

TEST_F(SharedBucketTest, BucketsAreFoldersBelow) {
  put(store(), kBucket, "k");
  EXPECT_EQ(below(), "a/b/.clary/buckets/bucket a/b/.clary/server a/b/bucket/k ");
}

TEST_F(SharedBucketTest, WhatIsKnownOfBucketsIsThereAgain) {
  ASSERT_TRUE(store().set_setting(kBucket, SettingKind::kPolicy, "{\"a\": 1}").ok());
  ASSERT_TRUE(store().set_setting(kBucket, SettingKind::kCors, "cors").ok());
  ASSERT_TRUE(store().set_setting(kBucket, SettingKind::kCors, std::nullopt).ok());
  put(store(), kBucket, "k");
  const auto again = std::move(target_.open()).value();
  EXPECT_EQ(*again->find_bucket(kBucket)->region, "eu-west-1");
  EXPECT_EQ(*again->setting(kBucket, SettingKind::kPolicy), "{\"a\": 1}");
  EXPECT_EQ(again->setting(kBucket, SettingKind::kCors), nullptr);
  EXPECT_EQ(again->list({.bucket = kBucket})->objects.size(), 1U);
}

TEST_F(SharedBucketTest, APlaceHasOneServer) {
  const auto other = target_.open("another");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(other.error().message.find("belongs to the server 'me'"), std::string::npos);
}

TEST_F(SharedBucketTest, WhatLiesThereAlreadyIsTheBuckets) {
  put(target_.below, kBelow, "a/b/found/k");
  EXPECT_EQ(store().find_bucket(BucketName("found")).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store().create_bucket({BucketName("found"), {}, Region("us-east-1")}).ok());
  EXPECT_EQ(store().list({.bucket = BucketName("found")})->objects.size(), 1U);
}

TEST_F(SharedBucketTest, VersionsAreDecidedBelow) {
  const Status enabled = store().set_versioning(kBucket, Versioning::kEnabled);
  EXPECT_EQ(enabled.error().code, ErrorCode::kUnsupported);
  ASSERT_TRUE(target_.below.set_versioning(kBelow, Versioning::kEnabled).ok());
  EXPECT_TRUE(store().set_versioning(kBucket, Versioning::kEnabled).ok());
}

TEST_F(SharedBucketTest, AKeyTooLongForTheRemoteIsAbsentAndItsNeighboursAreRemoved) {
  put(store(), kBucket, "k");
  put(store(), kBucket, "l");
  const ObjectKey longest(std::string(target_.longest_key(), 'x'));
  const ObjectKey too_long(std::string(kMaxKeyBytes, 'x'));
  put(store(), kBucket, *longest);
  const auto removed = store().remove(
      kBucket, {Removal{.key = ObjectKey("k")}, Removal{.key = too_long}, Removal{.key = longest}});
  ASSERT_TRUE(removed.ok());
  ASSERT_EQ(removed->size(), 3U);
  for (const Result<Removed>& one : *removed) EXPECT_TRUE(one.ok());
  EXPECT_EQ(below(), "a/b/.clary/buckets/bucket a/b/.clary/server a/b/bucket/l ");
  EXPECT_TRUE(store().remove(kBucket, too_long).ok());
}

TEST_F(SharedBucketTest, ARemovedBucketLeavesNothing) {
  ASSERT_TRUE(store().begin_upload({.bucket = kBucket, .key = ObjectKey("k")}).ok());
  auto late = std::move(store().put({.bucket = kBucket, .key = ObjectKey("late")})).value();
  ASSERT_TRUE(store().remove_bucket(kBucket).ok());
  EXPECT_EQ(late->finish().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(below(), "a/b/.clary/server ");
  EXPECT_TRUE(target_.below.list_uploads({.bucket = kBelow})->uploads.empty());
}

TEST_F(SharedBucketTest, ABucketBelowThatGoesAwayIsNoAbsence) {
  const ListPage page = target_.below.list({.bucket = kBelow}).value_or({});
  for (const ObjectHead& head : page.objects)
    ASSERT_TRUE(target_.below.remove(kBelow, head.key).ok());
  ASSERT_TRUE(target_.below.remove_bucket(kBelow).ok());
  EXPECT_EQ(store().head(kBucket, ObjectKey("k")).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store().list({.bucket = kBucket}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(SharedBucketStore::open(target_.below, {.bucket = kBelow}, target_.clock).error().code,
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace clary::objects
