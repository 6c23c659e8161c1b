// Frames between two ends in one process, and bodies in shared memory.
#include "serving/worker_socket.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "base/files.h"

namespace clary::serving {
namespace {

using std::chrono::seconds;

std::string some_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

class WorkerSocketTest : public testing::Test {
 protected:
  WorkerSocketTest() : WorkerSocketTest(WorkerSocket::make_pair().value()) {}

  Result<ReceivedFrame> receive(Duration patience = seconds(10)) {
    return ours_.receive(clock_, clock_.steady() + patience);
  }
  Status send(std::string body) {
    Payload payload;
    EXPECT_TRUE(payload.append(body).ok());
    return theirs_.send(FrameKind::kAnswer, {}, payload);
  }
  void close_theirs() { theirs_ = WorkerSocket(Fd()); }

  SystemClock clock_;
  WorkerSocket ours_;
  WorkerSocket theirs_;

 private:
  explicit WorkerSocketTest(std::pair<WorkerSocket, Fd> ends)
      : ours_(std::move(ends.first)), theirs_(std::move(ends.second)) {}
};

TEST_F(WorkerSocketTest, BodiesArriveAsTheyWereSent) {
  for (const std::size_t size : {0U, 1U, 65'535U, 65'536U, 3'000'000U}) {
    const std::string body = some_bytes(size);
    ASSERT_TRUE(send(body).ok());
    auto frame = receive();
    ASSERT_TRUE(frame.ok()) << frame.error().message;
    EXPECT_EQ(frame->body.is_shared(), size >= Payload::kSharedFromBytes);
    EXPECT_EQ(frame->body.to_text().value_or(""), body);
  }
}

TEST_F(WorkerSocketTest, SharedAndSmallBodiesKeepTheirOrder) {
  for (const std::size_t size : {70'000U, 3U, 90'000U, 100'000U})
    ASSERT_TRUE(send(some_bytes(size)).ok());
  for (const std::size_t size : {70'000U, 3U, 90'000U, 100'000U})
    EXPECT_EQ(receive()->body.to_text().value_or(""), some_bytes(size));
}

TEST_F(WorkerSocketTest, WaitsNoLongerThanAsked) {
  const auto frame = receive(Duration(0));
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code, ErrorCode::kTimeout);
}

TEST_F(WorkerSocketTest, AnEndInOrderIsNotAnEndBeforeItRead) {
  // It has read everything, then ended: it had begun.
  ASSERT_TRUE(ours_.send(FrameKind::kRequest, {}).ok());
  ASSERT_TRUE(theirs_.receive(clock_, clock_.steady() + seconds(10)).ok());
  close_theirs();
  EXPECT_EQ(receive().error().code, ErrorCode::kCancelled);
}

TEST_F(WorkerSocketTest, AnEndWithUnreadBytesIsTold) {
  ASSERT_TRUE(ours_.send(FrameKind::kRequest, {}).ok());
  EXPECT_FALSE(ours_.is_closed());
  close_theirs();
  EXPECT_TRUE(ours_.is_closed());
  EXPECT_EQ(receive().error().code, ErrorCode::kUnavailable);
}

TEST_F(WorkerSocketTest, SendingToAnEndThatIsGoneIsTold) {
  close_theirs();
  EXPECT_EQ(ours_.send(FrameKind::kRequest, {}).error().code, ErrorCode::kUnavailable);
}

TEST_F(WorkerSocketTest, ASharedBodyThatIsCutOffLaterEndsEarly) {
  ASSERT_TRUE(send(some_bytes(100'000)).ok());
  auto frame = receive();
  ASSERT_TRUE(frame.ok());
  ASSERT_EQ(::ftruncate(frame->body.descriptor().get(), 10), 0);
  EXPECT_FALSE(frame->body.to_text().ok());
}

TEST(WorkerSocket, ABodyShorterThanAnnouncedAndADescriptorThatIsNoneAreRefused) {
  const SystemClock clock;
  auto ends = WorkerSocket::make_pair();
  ASSERT_TRUE(ends.ok());
  WorkerSocket& ours = ends->first;
  const Fd& theirs = ends->second;
  const auto head = encode_frame_head(FrameKind::kAnswer, {}, 100'000, true);
  ASSERT_TRUE(write_all(theirs, *head, "the test's frame").ok());
  EXPECT_EQ(ours.receive(clock, clock.steady() + seconds(10)).error().code, ErrorCode::kInternal);

  auto again = WorkerSocket::make_pair();
  ASSERT_TRUE(again.ok());
  WorkerSocket sender(std::move(again->second));
  Fd small(::memfd_create("small", MFD_CLOEXEC));
  ASSERT_TRUE(sender.send(FrameKind::kAnswer, {}, Payload(std::move(small), 100'000)).ok());
  EXPECT_EQ(again->first.receive(clock, clock.steady() + seconds(10)).error().code,
            ErrorCode::kInternal);
}

}  // namespace
}  // namespace clary::serving
