#include "apps/places.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_folder.h"

namespace clary::apps {
namespace {

TEST(Places, WhatAStartHasNotedCountsMoreThanTheSettings) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder.path() + "/clary.toml",
                                    "metadata = 'postgresql://me:secret@db/one'")
                  .ok());
  EXPECT_EQ(read_places(folder.path()).value(),
            (Places{.metadata = "postgresql://me@db/one", .objects = ""}));
  const Places noted{.metadata = "", .objects = "s3://bucket/prefix"};
  ASSERT_TRUE(write_places(folder.path(), noted).ok());
  EXPECT_EQ(read_places(folder.path()).value(), noted);
  ASSERT_TRUE(write_places(folder.path(), {}).ok());
  EXPECT_EQ(read_places(folder.path()).value(), Places());
}

TEST(Places, ABrokenNoteIsNamed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder.path() + "/places.json", "{").ok());
  EXPECT_NE(read_places(folder.path()).error().message.find("places.json"), std::string::npos);
}

}  // namespace
}  // namespace clary::apps
