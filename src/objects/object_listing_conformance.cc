#include "objects/object_store_conformance.h"

namespace clary::objects {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectListingConformance);

StoreCase ObjectListingConformance::of(StoreCase store) { return store; }

TEST_P(ObjectListingConformance, ListsInByteOrderWithPrefixAndDelimiter) {
  make_bucket();
  for (const char* key : {"b", "a/2", "a/1", "a.txt", "a/x/1", "a/x/2", "c/1", "\xC3\xA9", "A"}) {
    ASSERT_TRUE(put(key, "x").ok());
  }
  EXPECT_EQ(names(listing()), "A a.txt a/1 a/2 a/x/1 a/x/2 b c/1 \xC3\xA9");
  EXPECT_EQ(names(listing("a")), "a.txt a/1 a/2 a/x/1 a/x/2");
  EXPECT_EQ(names(listing("", "/")), "A a.txt b \xC3\xA9 a/ c/");
  EXPECT_EQ(names(listing("a/", "/")), "a/1 a/2 a/x/");
  EXPECT_EQ(names(listing("a", "/")), "a.txt a/");
  EXPECT_EQ(names(listing("a/x/", "x/")), "a/x/1 a/x/2");
  EXPECT_EQ(names(listing("zz")), "");
  EXPECT_EQ(store().list({.bucket = BucketName("none")}).error().code, ErrorCode::kNotFound);
}

TEST_P(ObjectListingConformance, PagesJoinToTheWhole) {
  make_bucket();
  for (const char* key : {"a/1", "a/2", "b", "c/1", "c/2", "d"}) ASSERT_TRUE(put(key, "x").ok());
  for (const std::string delimiter : {"", "/"}) {
    for (const std::size_t page_size : {1UL, 2UL, 3UL, 6UL, 7UL}) {
      std::vector<std::string> seen;
      ListRequest request = listing("", delimiter);
      request.max_keys = page_size;
      for (bool more = true; more;) {
        Result<ListPage> page = store().list(request);
        ASSERT_TRUE(page.ok());
        ASSERT_LE(page->objects.size() + page->common_prefixes.size(), page_size);
        for (const ObjectHead& object : page->objects) seen.push_back(*object.key);
        for (const std::string& prefix : page->common_prefixes) seen.push_back(prefix);
        more = page->truncated;
        request.after = page->next_after;
        ASSERT_LE(seen.size(), 6U);
      }
      EXPECT_EQ(seen.size(), delimiter.empty() ? 6U : 4U) << page_size;
    }
  }
}

TEST_P(ObjectListingConformance, ListsStrictlyAfterAText) {
  make_bucket();
  for (const char* key : {"a/1", "a/2", "b", "c"}) ASSERT_TRUE(put(key, "x").ok());
  const auto after = [&](const std::string& text, const std::string& delimiter) {
    ListRequest request = listing("", delimiter);
    request.after = text;
    return names(request);
  };
  EXPECT_EQ(after("a/1", ""), "a/2 b c");
  EXPECT_EQ(after("aa", ""), "b c");
  EXPECT_EQ(after("a/", "/"), "b c");
  EXPECT_EQ(after("c", ""), "");
  ListRequest none = listing();
  none.max_keys = 0;
  EXPECT_EQ(names(none), "");
}

TEST_P(ObjectListingConformance, TheCounterMovesWithEveryChange) {
  make_bucket();
  const Result<std::uint64_t> counted = store().change_counter(BucketName("bucket"));
  if (!counted.ok()) {
    EXPECT_EQ(counted.error().code, ErrorCode::kUnsupported) << "a store that keeps none says so";
    return;
  }
  const auto counter = [&] { return *store().change_counter(BucketName("bucket")); };
  const std::uint64_t empty = counter();
  ASSERT_TRUE(put("k", "1").ok());
  const std::uint64_t one = counter();
  EXPECT_GT(one, empty);
  read("k");
  names(listing());
  EXPECT_EQ(counter(), one);
  ASSERT_TRUE(store().remove(BucketName("bucket"), ObjectKey("k")).ok());
  const std::uint64_t removed = counter();
  EXPECT_GT(removed, one);
  ASSERT_TRUE(store().remove_bucket(BucketName("bucket")).ok());
  make_bucket();
  EXPECT_GT(counter(), removed);
}

}  // namespace clary::objects
