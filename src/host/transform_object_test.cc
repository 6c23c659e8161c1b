#include "host/transform_object.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/files.h"
#include "host/payload_queue.h"
#include "host/test_folder.h"

namespace clary::host {
namespace {

class TransformObjectTest : public testing::Test {
 protected:
  std::shared_ptr<TransformObject> make(bool separate = false) {
    return TransformObject::make(
               {.object = {.bucket = BucketName("b"), .key = "in/x"}, .path = "x"},
               folder_.at("x.out"), separate)
        .value();
  }
  std::string written() const { return read_file(folder_.at("x.out")).value(); }

  TestFolder folder_;
};

TEST_F(TransformObjectTest, AnswersStandInTheOrderOfTheirPayloads) {
  const auto object = make();
  EXPECT_EQ(object->put(2, "c").payloads, 0U) << "it waits";
  EXPECT_EQ(object->put(0, "a").payloads, 1U);
  EXPECT_FALSE(object->end(4).complete);
  EXPECT_EQ(object->put(1, "b").payloads, 2U);
  const TransformObject::Settled last = object->put(3, "d");
  EXPECT_TRUE(last.complete);
  EXPECT_EQ(last.payloads, 1U);
  EXPECT_EQ(written(), "abcd");
}

TEST_F(TransformObjectTest, LinesAreEndedOnce) {
  const auto object = make(true);
  for (std::size_t i = 0; const char* answer : {"a", "b\n", ""}) object->put(i++, answer);
  EXPECT_TRUE(object->end(3).complete);
  EXPECT_EQ(written(), "a\nb\n\n");
}

TEST_F(TransformObjectTest, AnEmptyInputHasAnEmptyOutput) {
  const auto object = make();
  EXPECT_TRUE(object->end(0).complete);
  EXPECT_EQ(written(), "");
}

TEST_F(TransformObjectTest, AFailureIsTheFirstOnceAndNothingIsCompleteAfterIt) {
  const auto object = make();
  object->put(2, "c");
  const TransformObject::Settled failed = object->fail(invalid_argument("no"), 1);
  ASSERT_TRUE(failed.failure);
  EXPECT_EQ(failed.failure->message, "no");
  EXPECT_EQ(failed.payloads, 2U) << "and the one that waited";
  EXPECT_TRUE(object->failed());
  EXPECT_FALSE(object->fail(invalid_argument("again"), 1).failure);
  EXPECT_EQ(object->put(0, "a").payloads, 1U);
  EXPECT_FALSE(object->end(3).complete);
}

TEST_F(TransformObjectTest, ADiskThatIsFullIsAFailure) {
  const auto object = TransformObject::make({}, "/dev/full", false).value();
  const TransformObject::Settled settled = object->put(0, "a");
  EXPECT_TRUE(settled.failure);
  EXPECT_EQ(settled.payloads, 1U);
}

TEST_F(TransformObjectTest, TheQueueHoldsBackWhoIsAhead) {
  PayloadQueue queue(2);
  const auto object = make();
  std::atomic<int> put = 0;
  std::thread reader([&] {
    for (std::size_t i = 0; i < 5; ++i) {
      if (queue.put({.object = object, .index = i, .payload = {}})) ++put;
    }
    queue.end();
  });
  for (std::size_t i = 0; i < 5; ++i) {
    const auto work = queue.take();
    ASSERT_TRUE(work.has_value());
    EXPECT_EQ(work->index, i);
    EXPECT_LE(put.load(), static_cast<int>(i) + 2) << "so many are settled, and two more";
    queue.settle(1);
  }
  reader.join();
  EXPECT_FALSE(queue.take().has_value()) << "it has ended";
}

TEST_F(TransformObjectTest, AQueueThatIsGivenUpLetsEverybodyGo) {
  PayloadQueue queue(1);
  const auto object = make();
  ASSERT_TRUE(queue.put({.object = object, .index = 0, .payload = {}}));
  std::thread reader(
      [&] { EXPECT_FALSE(queue.put({.object = object, .index = 1, .payload = {}})); });
  queue.give_up();
  reader.join();
  EXPECT_FALSE(queue.take().has_value());
}

}  // namespace
}  // namespace clary::host
