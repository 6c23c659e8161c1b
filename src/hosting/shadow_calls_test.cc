// Copies of calls are sent, and those that are too many are dropped.
#include "hosting/shadow_calls.h"

#include <gtest/gtest.h>

#include <string>

#include "base/mutex.h"

namespace clary::hosting {
namespace {

// Holds who comes in until it is opened.
class Gate {
 public:
  void pass() {
    MutexLock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    while (!open_) changed_.wait_for(mutex_, std::chrono::seconds(1));
  }
  void await_one() {
    MutexLock lock(mutex_);
    while (waiting_ == 0) changed_.wait_for(mutex_, std::chrono::seconds(1));
  }
  void open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int waiting_ = 0;
  bool open_ = false;
};

TEST(ShadowCalls, ACopyIsSentAndWhoeverTakesItDoesNotWait) {
  Gate gate;
  std::atomic<int> sent = 0;
  {
    ShadowCalls shadows(
        [&](const EndpointCall& call) {
          gate.pass();
          if (call.body == "x") ++sent;
        },
        {.at_a_time = 1, .queue = 1});
    shadows.take({.body = "x"});  // returns although nobody answers
    gate.await_one();
    EXPECT_EQ(sent, 0);
    gate.open();
  }
  EXPECT_EQ(sent, 1) << "the end waits for what is under way";
}

TEST(ShadowCalls, MoreThanItMayKeepIsDropped) {
  Gate gate;
  std::atomic<int> sent = 0;
  {
    ShadowCalls shadows(
        [&](const EndpointCall&) {
          gate.pass();
          ++sent;
        },
        {.at_a_time = 1, .queue = 8, .memory_bytes = 10});
    shadows.take({.body = "12345678"});
    gate.await_one();
    shadows.take({.body = "123"});
    gate.open();
  }
  EXPECT_EQ(sent, 1);
}

}  // namespace
}  // namespace clary::hosting
