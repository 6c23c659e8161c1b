// ShadowCalls: sends copies of calls to shadow variants, on threads of its own, and drops the
// answers. What comes while all of them are busy and the queue is full is dropped: a call never
// waits for its copies. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "base/thread_pool.h"
#include "hosting/endpoint_calls.h"

namespace clary::hosting {

struct ShadowLimits {
  std::size_t at_a_time = 8;
  std::size_t queue = 64;
  std::size_t memory_bytes = 64U << 20;  // of bodies
};

class ShadowCalls {
 public:
  using Send = std::function<void(EndpointCall)>;
  explicit ShadowCalls(Send send, ShadowLimits limits = {});
  ShadowCalls(const ShadowCalls&) = delete;
  ShadowCalls& operator=(const ShadowCalls&) = delete;
  ~ShadowCalls();  // waits for those under way

  // Does not block.
  void take(EndpointCall call);

 private:
  const Send send_;
  const ShadowLimits limits_;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<bool> stopping_ = false;
  ThreadPool pool_;
};

}  // namespace clary::hosting
