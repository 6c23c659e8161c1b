#include "domain/record_store_conformance.h"

#include <fmt/format.h>

namespace clary::domain {

::testing::internal::ValueArray<MakeStores> record_stores_of(MakeStores make) {
  return ::testing::Values(make);
}

void RecordStoreConformance::SetUp() { stores_ = GetParam()(); }

void RecordStoreConformance::put(const std::string& space, const std::string& key,
                                 const std::string& text) {
  ASSERT_TRUE(store().put(space, {.key = key, .text = text}).ok());
}

std::string RecordStoreConformance::keys(const std::string& space, const std::string& after,
                                         std::size_t limit) {
  const auto page = store().list(space, after, limit);
  if (!page.ok()) return page.error().message;
  std::string keys;
  for (const KeptRecord& record : *page) keys += (keys.empty() ? "" : " ") + record.key;
  return keys;
}

TEST_P(RecordStoreConformance, WhatIsPutIsFoundUntilItIsRemoved) {
  const std::string text = R"({"a": "\"é\"\n"})";
  put("s", "k", text);
  EXPECT_EQ(store().find("s", "k").value(), (KeptRecord{.key = "k", .text = text}));
  put("s", "k", "other");
  EXPECT_EQ(store().find("s", "k").value().text, "other") << "it is replaced";
  EXPECT_EQ(store().find("t", "k").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store().remove("s", "k").ok());
  EXPECT_EQ(store().find("s", "k").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(store().remove("s", "k").ok()) << "what is absent is gone";
}

TEST_P(RecordStoreConformance, ASpaceIsListedByTheBytesOfItsKeys) {
  for (const char* key : {"b", "a", "B", "é", "a/1"}) put("s", key);
  put("t", "c");
  EXPECT_EQ(keys("s"), "B a a/1 b é");
  EXPECT_EQ(keys("s", "", 2), "B a");
  EXPECT_EQ(keys("s", "a", 2), "a/1 b");
  EXPECT_EQ(keys("s", "é"), "");
  EXPECT_EQ(keys("u"), "");
}

TEST_P(RecordStoreConformance, AllAreListedPageByPage) {
  constexpr int kMany = 1001;
  for (int i = 0; i < kMany; ++i) put("s", fmt::format("{:05}", i));
  const auto all = list_all(store(), "s");
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->size(), std::size_t{kMany});
  EXPECT_EQ(all->back().key, "01000");
}

TEST_P(RecordStoreConformance, AllOutliveARestartAndAreForgotten) {
  put("s", "k");
  put("t", "k");
  stores_->reopen();
  EXPECT_EQ(keys("s"), "k");
  ASSERT_TRUE(store().clear().ok());
  EXPECT_EQ(keys("s"), "");
  EXPECT_EQ(keys("t"), "");
}

}  // namespace clary::domain
