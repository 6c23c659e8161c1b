// FakeEndpointCalls: gives every call the answer it was told, and remembers what it was asked.
// Thread-safe.
#pragma once

#include <utility>
#include <vector>

#include "base/mutex.h"
#include "hosting/endpoint_calls.h"

namespace clary::hosting {

class FakeEndpointCalls final : public EndpointCalls {
 public:
  // Of every call from now on.
  void set_answer(Result<EndpointAnswer> answer) {
    const MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }
  std::vector<EndpointCall> calls() const {
    const MutexLock lock(mutex_);
    return calls_;
  }

  Result<EndpointAnswer> invoke(EndpointCall call) override {
    const MutexLock lock(mutex_);
    calls_.push_back(std::move(call));
    return answer_;
  }

 private:
  mutable Mutex mutex_;
  Result<EndpointAnswer> answer_ CLARY_GUARDED_BY(mutex_) = EndpointAnswer{};
  std::vector<EndpointCall> calls_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::hosting
