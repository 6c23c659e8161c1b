#include <algorithm>

#include "objects/object_store_conformance.h"

namespace clary::objects {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectVersionConformance);

StoreCase ObjectVersionConformance::of(StoreCase store) { return store; }

void ObjectVersionConformance::make_versioned_bucket() {
  make_bucket();
  const Status set = target().set_versioning(kBucket, Versioning::kEnabled);
  ASSERT_TRUE(set.ok()) << set.error().message;
}

std::string ObjectVersionConformance::put_version(const std::string& key, std::string_view bytes) {
  const Result<ObjectHead> head = put(key, bytes);
  EXPECT_TRUE(head.ok());
  return head.ok() ? head->version_id : "";
}

Result<Removed> ObjectVersionConformance::remove_version(const std::string& key,
                                                         const std::string& version) {
  CLARY_TRY(const std::vector<Result<Removed>> removed,
            store().remove(kBucket, {Removal{.key = ObjectKey(key), .version = version}}));
  return removed.front();
}

std::string ObjectVersionConformance::read_version(const std::string& key,
                                                   const std::string& version) {
  const Result<ObjectBody> body =
      store().get(kBucket, ObjectKey(key), ReadRequest{.version = version});
  if (!body.ok()) return "error: " + body.error().message;
  if (body->head.delete_marker) return "x";
  return drain(*body->bytes).value_or("damaged");
}

std::string ObjectVersionConformance::history(ListRequest request) {
  request.bucket = kBucket;
  const Result<ListPage> page = store().list_versions(request);
  if (!page.ok()) return "error: " + page.error().message;
  std::string out;
  for (const ObjectHead& head : page->objects) {
    const std::string what = head.delete_marker ? "x" : read_version(*head.key, head.version_id);
    out.append(out.empty() ? "" : " ").append(*head.key).append(":").append(what);
    if (head.latest) out += "*";
  }
  for (const std::string& prefix : page->common_prefixes) out.append(" ").append(prefix);
  return page->truncated ? out + " ..." : out;
}

TEST_P(ObjectVersionConformance, ABucketTellsWhetherItKeepsVersions) {
  make_bucket();
  EXPECT_EQ(store().find_bucket(kBucket)->versioning, Versioning::kOff);
  EXPECT_EQ(target().set_versioning(kBucket, Versioning::kOff).error().code,
            ErrorCode::kInvalidArgument);
  ASSERT_TRUE(target().set_versioning(kBucket, Versioning::kEnabled).ok());
  EXPECT_EQ(store().find_bucket(kBucket)->versioning, Versioning::kEnabled);
  ASSERT_TRUE(target().set_versioning(kBucket, Versioning::kSuspended).ok());
  EXPECT_EQ(store().find_bucket(kBucket)->versioning, Versioning::kSuspended);
  EXPECT_EQ(target().set_versioning(BucketName("none"), Versioning::kEnabled).error().code,
            ErrorCode::kNotFound);
}

TEST_P(ObjectVersionConformance, EveryPutIsKept) {
  make_versioned_bucket();
  const std::string large = sample_bytes(50'000);
  const std::string one = put_version("k", "1");
  const std::string two = put_version("k", large);
  const std::string three = put_version("k", "3");
  EXPECT_NE(one, two);
  EXPECT_NE(two, three);
  EXPECT_EQ(read("k"), "3");
  EXPECT_EQ(read_version("k", one), "1");
  EXPECT_EQ(read_version("k", two), large);
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"))->version_id, three);
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"), one)->size_bytes, 1U);
  EXPECT_EQ(names(listing()), "k");
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"), "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store().head(kBucket, ObjectKey("other"), one).error().code, ErrorCode::kNotFound);
}

TEST_P(ObjectVersionConformance, RemovingHidesAndCanBeUndone) {
  make_versioned_bucket();
  const std::string one = put_version("k", "1");
  const Result<Removed> hidden = remove_version("k");
  ASSERT_TRUE(hidden.ok()) << hidden.error().message;
  EXPECT_TRUE(hidden->delete_marker);
  EXPECT_FALSE(hidden->version_id.empty());
  EXPECT_EQ(store().head(kBucket, ObjectKey("k")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(names(listing()), "");
  EXPECT_EQ(history({}), "k:x* k:1");
  EXPECT_TRUE(store().head(kBucket, ObjectKey("k"), hidden->version_id)->delete_marker);
  EXPECT_EQ(read_version("k", one), "1");
  const Result<Removed> undone = remove_version("k", hidden->version_id);
  ASSERT_TRUE(undone.ok());
  EXPECT_TRUE(undone->delete_marker);
  EXPECT_EQ(undone->version_id, hidden->version_id);
  EXPECT_EQ(read("k"), "1");
  EXPECT_EQ(history({}), "k:1*");
}

TEST_P(ObjectVersionConformance, AKeyThatWasNeverThereGetsAMarkerToo) {
  make_versioned_bucket();
  EXPECT_TRUE(remove_version("k")->delete_marker);
  EXPECT_EQ(history({}), "k:x*");
  EXPECT_TRUE(remove_version("k", "none").ok());
  EXPECT_EQ(store().remove_bucket(kBucket).error().code, ErrorCode::kConflict);
}

TEST_P(ObjectVersionConformance, TheNewestThatIsLeftIsCurrent) {
  make_versioned_bucket();
  const std::string one = put_version("k", "1");
  const std::string two = put_version("k", sample_bytes(40'000));
  const std::string three = put_version("k", "3");
  ASSERT_TRUE(remove_version("k", two).ok());
  EXPECT_EQ(read("k"), "3");
  const Result<Removed> removed = remove_version("k", three);
  ASSERT_TRUE(removed.ok());
  EXPECT_FALSE(removed->delete_marker);
  EXPECT_EQ(read("k"), "1");
  EXPECT_EQ(names(listing()), "k");
  ASSERT_TRUE(remove_version("k").ok());
  ASSERT_TRUE(remove_version("k", one).ok());
  EXPECT_EQ(history({}), "k:x*");
  EXPECT_EQ(names(listing()), "");
}

TEST_P(ObjectVersionConformance, WhatWasThereBeforeIsTheNullVersion) {
  make_bucket();
  EXPECT_EQ(put_version("k", "before"), "");
  ASSERT_TRUE(target().set_versioning(kBucket, Versioning::kEnabled).ok());
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"))->version_id, kNullVersion);
  put_version("k", "after");
  EXPECT_EQ(read_version("k", std::string(kNullVersion)), "before");
  ASSERT_TRUE(remove_version("k", std::string(kNullVersion)).ok());
  EXPECT_EQ(history({}), "k:after*");
}

TEST_P(ObjectVersionConformance, ASuspendedBucketReplacesItsNullVersionOnly) {
  make_versioned_bucket();
  const std::string kept = put_version("k", "kept");
  ASSERT_TRUE(target().set_versioning(kBucket, Versioning::kSuspended).ok());
  EXPECT_EQ(put_version("k", "n1"), kNullVersion);
  EXPECT_EQ(put_version("k", sample_bytes(40'000)), kNullVersion);
  EXPECT_EQ(put_version("k", "n3"), kNullVersion);
  EXPECT_EQ(history({}), "k:n3* k:kept");
  const Result<Removed> hidden = remove_version("k");
  ASSERT_TRUE(hidden.ok());
  EXPECT_EQ(hidden->version_id, kNullVersion);
  EXPECT_EQ(history({}), "k:x* k:kept") << "the marker takes the null version's place";
  EXPECT_EQ(read_version("k", kept), "kept");
  EXPECT_EQ(put_version("k", "n4"), kNullVersion);
  EXPECT_EQ(history({}), "k:n4* k:kept");
}

TEST_P(ObjectVersionConformance, VersionsComeInPages) {
  make_versioned_bucket();
  for (const char* key : {"a", "b/1", "c"}) {
    for (const char* bytes : {"1", "2", "3"}) put_version(key, bytes);
  }
  ASSERT_TRUE(remove_version("c").ok());
  const std::string whole = history({});
  EXPECT_EQ(std::ranges::count(whole, '*'), 3);
  for (const std::size_t size : {1UL, 2UL, 4UL, 9UL, 10UL}) {
    std::vector<std::string> seen;
    ListRequest request = listing();
    request.max_keys = size;
    for (bool more = true; more;) {
      const Result<ListPage> page = store().list_versions(request);
      ASSERT_TRUE(page.ok());
      ASSERT_LE(page->objects.size(), size);
      for (const ObjectHead& head : page->objects) seen.push_back(*head.key + head.version_id);
      more = page->truncated;
      request.after = page->next_after;
      request.after_id = page->next_after_id;
      ASSERT_LE(seen.size(), 10U);
    }
    EXPECT_EQ(seen.size(), 10U) << size;
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::unique(seen).size(), 0U) << size;
  }
  EXPECT_EQ(history({.prefix = "b"}), "b/1:3* b/1:2 b/1:1");
  EXPECT_EQ(history({.prefix = "b", .delimiter = "/"}), " b/");
  EXPECT_EQ(history({.after = "b/1"}).substr(0, 4), "c:x*");
}

TEST_P(ObjectVersionConformance, APageGoesOnWhenItsMarkerWasRemoved) {
  make_versioned_bucket();
  const std::string one = put_version("k", "1");
  const std::string two = put_version("k", "2");
  ASSERT_TRUE(remove_version("k", two).ok());
  EXPECT_EQ(history({.after = "k", .after_id = two}), "k:1*");
  EXPECT_EQ(history({.after = "k", .after_id = one}), "");
}

TEST_P(ObjectVersionConformance, ABucketOfVersionsIsNotEmpty) {
  make_versioned_bucket();
  const std::string one = put_version("k", sample_bytes(40'000));
  const std::string marker = remove_version("k")->version_id;
  EXPECT_EQ(store().remove_bucket(kBucket).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(remove_version("k", one).ok());
  ASSERT_TRUE(remove_version("k", marker).ok());
  EXPECT_TRUE(store().remove_bucket(kBucket).ok());
}

TEST_P(ObjectVersionConformance, ManyAreRemovedAtOnce) {
  make_bucket();
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(put(key, "x").ok());
  const std::string etag = store().head(kBucket, ObjectKey("b"))->etag;
  const Result<std::vector<Result<Removed>>> removed =
      store().remove(kBucket, {{.key = ObjectKey("a")},
                               {.key = ObjectKey("none")},
                               {.key = ObjectKey("b"), .if_etag = "0123"},
                               {.key = ObjectKey("c"), .if_etag = etag}});
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  ASSERT_EQ(removed->size(), 4U);
  EXPECT_TRUE((*removed)[0].ok());
  EXPECT_TRUE((*removed)[1].ok());
  EXPECT_EQ((*removed)[2].error().code, ErrorCode::kConflict);
  EXPECT_TRUE((*removed)[3].ok());
  EXPECT_EQ(names(listing()), "b");
  EXPECT_EQ(store().remove(BucketName("none"), {{.key = ObjectKey("a")}}).error().code,
            ErrorCode::kNotFound);
}

TEST_P(ObjectVersionConformance, ARemovalHoldsItsConditions) {
  make_bucket();
  ASSERT_TRUE(put("k", "123").ok());
  const ObjectHead head = *store().head(kBucket, ObjectKey("k"));
  const auto removes = [&](Removal removal) {
    removal.key = ObjectKey("k");
    const auto removed = store().remove(kBucket, {removal});
    return removed.ok() && removed->front().ok();
  };
  EXPECT_FALSE(removes({.if_etag = "0123"}));
  EXPECT_FALSE(removes({.if_size_bytes = 4}));
  EXPECT_FALSE(removes({.if_modified = head.last_modified - std::chrono::hours(1)}));
  EXPECT_EQ(names(listing()), "k");
  EXPECT_TRUE(
      removes({.if_etag = head.etag, .if_size_bytes = 3, .if_modified = head.last_modified}));
  EXPECT_EQ(names(listing()), "");
  EXPECT_FALSE(removes({.if_etag = "*"})) << "there is nothing";
}

TEST_P(ObjectVersionConformance, TagsStayWithTheirVersion) {
  make_versioned_bucket();
  const Tags tags = {{"a b", "1&=%"}, {"\xC3\xA4", ""}};
  const Result<ObjectHead> first = put("k", "1", {.tags = tags});
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(put("k", "2").ok());
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"))->tags, Tags());
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"), first->version_id)->tags, tags);
  ASSERT_TRUE(store().set_tags(kBucket, ObjectKey("k"), "", {{"now", "2"}}).ok());
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"))->tags, Tags({{"now", "2"}}));
  ASSERT_TRUE(store().set_tags(kBucket, ObjectKey("k"), first->version_id, {}).ok());
  EXPECT_EQ(store().head(kBucket, ObjectKey("k"), first->version_id)->tags, Tags());
  EXPECT_EQ(read("k"), "2");
  EXPECT_EQ(store().set_tags(kBucket, ObjectKey("none"), "", {}).error().code,
            ErrorCode::kNotFound);
}

}  // namespace clary::objects
