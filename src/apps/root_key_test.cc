#include "apps/root_key.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "domain/fake_key_store.h"

namespace clary::apps {
namespace {

class RootKeyTest : public ::testing::Test {
 protected:
  ~RootKeyTest() override { (void)remove_tree(folder_); }

  RootKey start(const RootKey& chosen = {}) {
    auto key = ensure_root_key(folder_, chosen, "root", ids_, keys_);
    EXPECT_TRUE(key.ok()) << key.error().message;
    return *key;
  }

  std::string folder_ = ::testing::TempDir() + "clary_root_key_" + std::to_string(::getpid());
  CountingIds ids_;
  domain::FakeKeyStore keys_;
};

TEST_F(RootKeyTest, IsMadeOnce) {
  const RootKey first = start();
  EXPECT_EQ(start().id, first.id);
  EXPECT_EQ(read_root_key(folder_)->secret.reveal(), first.secret.reveal());
  EXPECT_TRUE(keys_.find(first.id).ok());
}

TEST_F(RootKeyTest, AChosenPairEndsTheEarlierOne) {
  const RootKey first = start();
  const RootKey second = start({AccessKeyId("AKIACHOSEN"), Secret("sixteen characters")});
  EXPECT_EQ(second.id.value(), "AKIACHOSEN");
  EXPECT_EQ(keys_.find(first.id).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(keys_.find(second.id).ok());
}

}  // namespace
}  // namespace clary::apps
