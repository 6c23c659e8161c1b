#include "objects/lifecycle_sweep.h"

#include <gtest/gtest.h>

#include "base/id_source.h"
#include "objects/memory_store.h"

namespace clary::objects {
namespace {

using std::chrono::days;
using std::chrono::hours;

class LifecycleSweepTest : public testing::Test {
 protected:
  LifecycleSweepTest() {
    EXPECT_TRUE(store_.create_bucket({bucket_, clock_.now(), Region("us-east-1")}).ok());
  }
  void put(const std::string& key, const std::string& bytes = "x") {
    PutRequest request{.bucket = bucket_, .key = ObjectKey(key)};
    auto writer = store_.put(request);
    ASSERT_TRUE(writer.ok() && (*writer)->write(bytes).ok() && (*writer)->finish().ok());
  }
  std::size_t sweep(const LifecycleRule& rule) {
    LifecycleSweep sweep(store_, clock_,
                         [&](const BucketName&) { return std::vector<LifecycleRule>{rule}; });
    return sweep.run().value();
  }
  bool is_there(const std::string& key) { return store_.head(bucket_, ObjectKey(key)).ok(); }

  ManualClock clock_;
  CountingIds ids_;
  MemoryStore store_{clock_, ids_};
  BucketName bucket_{"bucket"};
};

TEST(Expiry, IsTheMidnightAfterTheDays) {
  const TimePoint midnight(days(20'000));
  const LifecycleRule rule{.expire_after_days = 2};
  EXPECT_EQ(expiry(rule, midnight), midnight + days(2));
  EXPECT_EQ(expiry(rule, midnight + hours(1)), midnight + days(3));
  EXPECT_EQ(expiry({.expire_from = midnight}, midnight + days(9)), midnight);
  EXPECT_EQ(expiry({}, midnight), std::nullopt);
}

TEST_F(LifecycleSweepTest, RemovesWhatIsOldEnoughUnderThePrefix) {
  put("logs/a");
  put("data/a");
  const LifecycleRule rule{.prefix = "logs/", .expire_after_days = 1};
  EXPECT_EQ(sweep(rule), 0U);
  clock_.advance(days(1) - hours(1));
  EXPECT_EQ(sweep(rule), 0U);
  clock_.advance(days(1));
  put("logs/new");
  EXPECT_EQ(sweep(rule), 1U);
  EXPECT_FALSE(is_there("logs/a"));
  EXPECT_TRUE(is_there("logs/new"));
  EXPECT_TRUE(is_there("data/a"));
}

TEST_F(LifecycleSweepTest, HeedsSizesBothStrictly) {
  put("small", "x");
  put("middle", "xxxxx");
  put("large", "xxxxxxxxx");
  const LifecycleRule rule{
      .larger_than_bytes = 1, .smaller_than_bytes = 9, .expire_from = clock_.now() - days(1)};
  EXPECT_EQ(sweep(rule), 1U);
  EXPECT_FALSE(is_there("middle"));
}

TEST_F(LifecycleSweepTest, GoesThroughEveryPage) {
  for (int i = 0; i < 2100; ++i) put("k" + std::to_string(i));
  EXPECT_EQ(sweep({.expire_from = clock_.now()}), 2100U);
}

}  // namespace
}  // namespace clary::objects
