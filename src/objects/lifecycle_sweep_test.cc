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
  // Keys of all versions in the order of their list, delete markers with a "!".
  std::string versions() {
    auto page = store_.list_versions({.bucket = bucket_});
    if (!page.ok()) return page.error().message;
    std::string out;
    for (const ObjectHead& head : page->objects)
      out += (out.empty() ? "" : " ") + *head.key + (head.delete_marker ? "!" : "");
    return out;
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

// Asks for a stop when somebody asks for the time.
class StoppingClock final : public Clock {
 public:
  explicit StoppingClock(const Clock& real) : real_(real) {}
  TimePoint now() const override {
    stopping.request_stop();
    return real_.now();
  }
  Duration steady() const override { return real_.steady(); }
  mutable std::stop_source stopping;

 private:
  const Clock& real_;
};

TEST_F(LifecycleSweepTest, AStopEndsItAfterThePageItIsAt) {
  for (int i = 0; i < 1100; ++i) put("k" + std::to_string(i));
  const StoppingClock stopper(clock_);
  LifecycleSweep sweep(store_, stopper, [&](const BucketName&) {
    return std::vector<LifecycleRule>(2, {.expire_from = clock_.now()});
  });
  EXPECT_EQ(sweep.run(stopper.stopping.get_token()).value(), 1000U);
  EXPECT_EQ(sweep.run(stopper.stopping.get_token()).value(), 0U) << "nothing is begun";
  EXPECT_EQ(sweep.run().value(), 100U);
}

TEST_F(LifecycleSweepTest, ChoosesByTags) {
  put("tagged");
  put("plain");
  ASSERT_TRUE(store_.set_tags(bucket_, ObjectKey("tagged"), "", {{"a", "1"}, {"b", "2"}}).ok());
  EXPECT_EQ(sweep({.tags = {{"a", "2"}}, .expire_from = clock_.now()}), 0U);
  EXPECT_EQ(sweep({.tags = {{"a", "1"}}, .expire_from = clock_.now()}), 1U);
  EXPECT_FALSE(is_there("tagged"));
  EXPECT_TRUE(is_there("plain"));
}

TEST_F(LifecycleSweepTest, EndsVersionsThatAreNotCurrent) {
  ASSERT_TRUE(store_.set_versioning(bucket_, Versioning::kEnabled).ok());
  for (int day = 0; day < 4; ++day) {
    put("k", std::string(1, static_cast<char>('a' + day)));
    clock_.advance(days(1));
  }
  put("other");
  // Superseded three, two and one days ago.
  EXPECT_EQ(sweep({.expire_noncurrent_after_days = 5}), 0U);
  EXPECT_EQ(sweep({.expire_noncurrent_after_days = 1, .kept_noncurrent = 2}), 1U);
  clock_.advance(days(2));
  EXPECT_EQ(sweep({.expire_noncurrent_after_days = 1}), 2U);
  EXPECT_TRUE(is_there("k"));
  EXPECT_TRUE(is_there("other"));
  EXPECT_EQ(versions(), "k other");
}

TEST_F(LifecycleSweepTest, EndsMarkersThatHideNothing) {
  ASSERT_TRUE(store_.set_versioning(bucket_, Versioning::kEnabled).ok());
  put("hidden");
  put("gone");
  ASSERT_TRUE(store_.remove(bucket_, ObjectKey("hidden")).ok());
  ASSERT_TRUE(store_.remove(bucket_, ObjectKey("gone")).ok());
  auto page = store_.list_versions({.bucket = bucket_, .prefix = "gone"});
  ASSERT_TRUE(page.ok());
  for (const ObjectHead& head : page->objects) {
    if (head.delete_marker) continue;
    ASSERT_TRUE(store_.remove(bucket_, {{.key = head.key, .version = head.version_id}}).ok());
  }
  EXPECT_EQ(sweep({.expire_lone_markers = true}), 1U);
  EXPECT_EQ(versions(), "hidden! hidden");
}

TEST_F(LifecycleSweepTest, AbortsUploadsThatNobodyCompletes) {
  MultipartRequest request;
  request.bucket = bucket_;
  request.key = ObjectKey("large");
  ASSERT_TRUE(store_.begin_upload(request).ok());
  EXPECT_EQ(sweep({.abort_uploads_after_days = 7}), 0U);
  clock_.advance(days(8));
  EXPECT_EQ(sweep({.abort_uploads_after_days = 7}), 1U);
  EXPECT_EQ(sweep({.abort_uploads_after_days = 7}), 0U);
}

}  // namespace
}  // namespace clary::objects
