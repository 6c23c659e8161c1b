#include "objects/body_spool.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "base/text_encoding.h"
#include "objects/object_store_conformance.h"

namespace clary::objects {
namespace {

TEST(BodySpool, GivesWhatItGotAsOftenAsAsked) {
  const TemporaryFolder folder;
  for (const std::size_t size : {0UL, 10UL, 100UL, 101UL, 70'000UL}) {
    BodySpool spool({.memory_bytes = 100, .folder = folder.path()});
    const std::string bytes = sample_bytes(size);
    for (std::size_t at = 0; at < size; at += 33)
      ASSERT_TRUE(spool.append(std::string_view(bytes).substr(at, 33)).ok());
    EXPECT_EQ(spool.size_bytes(), size);
    EXPECT_EQ(spool.sha256(), hex_encode(sha256(bytes)));
    EXPECT_EQ(*drain(*spool.open()), bytes);
    EXPECT_EQ(*drain(*spool.open()), bytes);
    EXPECT_TRUE(list_folder(folder.path())->empty()) << "a crash would leave a file";
  }
}

TEST(BodySpool, AFolderThatIsNotThereIsAnError) {
  BodySpool spool({.memory_bytes = 1, .folder = "/nowhere"});
  EXPECT_FALSE(spool.append("bytes").ok());
}

}  // namespace
}  // namespace clary::objects
