#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>

#include "base/beside.h"
#include "base/commit_queue.h"
#include "base/digest.h"
#include "base/temporary_folder.h"

namespace clary {
namespace {

TEST(ThreadPool, RunsWhatItTookBeforeItEnds) {
  std::atomic<int> ran = 0;
  int taken = 0;
  {
    ThreadPool pool("test", {.places = 2, .queue = 100});
    for (int i = 0; i < 50; ++i) taken += pool.try_post([&] { ++ran; }) ? 1 : 0;
  }
  EXPECT_EQ(ran, taken);
}

// Every task waits for all the others: they can only end when each lends its place.
TEST(ThreadPool, ATaskThatWaitsLendsItsPlace) {
  constexpr int kTasks = 8;
  std::latch all(kTasks);
  std::atomic<int> ended = 0;
  {
    ThreadPool pool("test", {.places = 1, .queue = kTasks, .lent_places = kTasks});
    for (int i = 0; i < kTasks; ++i) {
      ASSERT_TRUE(pool.try_post([&] {
        const LentPlace lent;
        all.arrive_and_wait();
        ++ended;
      }));
    }
    all.wait();  // a pool that is being destroyed makes no more threads
  }
  EXPECT_EQ(ended, kTasks);
}

TEST(ThreadPool, NoMoreRunAtATimeThanThereArePlaces) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  {
    ThreadPool pool("test", {.places = 2, .queue = 1000, .lent_places = 8});
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(pool.try_post([&] {
        const int now = ++running;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --running;
      }));
    }
  }
  EXPECT_GE(most, 1);
  EXPECT_LE(most, 2);
}

std::string hash_in_pieces(ThreadPool& pool, std::string_view bytes, std::size_t piece) {
  const auto hasher = make_hasher(DigestKind::kSha256);
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    const std::string_view one = bytes.substr(i, piece);
    const Beside hashing(pool, one.size(), [&] { hasher->update(one); });
  }
  return hasher->finish();
}

TEST(Beside, WorksInOrderWhateverThePieces) {
  ThreadPool pool("hash", {.places = 2, .queue = 16});
  std::string bytes(1'000'003, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  for (const std::size_t piece : {1000U, 40'000U, 262'144U}) {
    EXPECT_EQ(hash_in_pieces(pool, bytes, piece), sha256(bytes)) << piece;
  }
}

TEST(Beside, ABusyPoolOnlyMeansHere) {
  ThreadPool pool("hash", {.places = 1, .queue = 0});
  const std::string bytes(100'000, 'a');
  EXPECT_EQ(hash_in_pieces(pool, bytes, 50'000), sha256(bytes));
}

class CommitQueueTest : public ::testing::Test {
 protected:
  CommitQueueTest() {
    auto database = sqlite::Database::open(path_, {}).value();
    EXPECT_TRUE(database->execute("CREATE TABLE t(n INTEGER PRIMARY KEY)").ok());
    queue_ = std::make_unique<sqlite::CommitQueue>(std::move(database));
  }
  static Status insert(sqlite::Database& database, std::int64_t number) {
    CLARY_TRY(sqlite::Statement row, database.prepare("INSERT INTO t VALUES(?1)"));
    row.bind(number);
    return row.run();
  }
  std::int64_t rows() {
    const auto reader = sqlite::Database::open(path_, {.access = sqlite::Access::kReader}).value();
    sqlite::Statement count = reader->prepare("SELECT count(*) FROM t").value();
    EXPECT_TRUE(count.step().ok());
    return count.integer(0);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/t.db";
  std::unique_ptr<sqlite::CommitQueue> queue_;
};

// One place, and the first change holds the queue until every other caller stands in it: they can
// only when a caller that waits keeps no place.
TEST_F(CommitQueueTest, AsManyCallersWaitAsCome) {
  constexpr int kCallers = 16;
  std::latch others(kCallers - 1);
  std::atomic<int> good = 0;
  {
    ThreadPool pool("test", {.places = 1, .queue = kCallers, .lent_places = kCallers});
    for (int i = 0; i < kCallers; ++i) {
      ASSERT_TRUE(pool.try_post([&, i] {
        if (i > 0) others.count_down();
        const Status done = queue_->commit([&, i](sqlite::Database& database) {
          if (i == 0) others.wait();
          return insert(database, i);
        });
        good += done.ok() ? 1 : 0;
      }));
    }
    others.wait();
  }
  EXPECT_EQ(good, kCallers);
  EXPECT_EQ(rows(), kCallers);
}

TEST_F(CommitQueueTest, AChangeThatFailsTakesNobodyWithIt) {
  constexpr int kCallers = 8;
  std::atomic<int> refused = 0;
  {
    ThreadPool pool("test", {.places = 2, .queue = kCallers, .lent_places = kCallers});
    for (int i = 0; i < kCallers; ++i) {
      ASSERT_TRUE(pool.try_post([&, i] {
        const Status done = queue_->commit([i](sqlite::Database& database) -> Status {
          CLARY_RETURN_IF_ERROR(insert(database, i));
          return i % 2 == 0 ? Status() : Status(conflict("no"));
        });
        refused += !done.ok() && done.error().code == ErrorCode::kConflict ? 1 : 0;
      }));
    }
  }
  EXPECT_EQ(refused, kCallers / 2);
  EXPECT_EQ(rows(), kCallers / 2);
}

}  // namespace
}  // namespace clary
