// FakeEndpointCalls: gives every call the answer it was told, and remembers what it was asked.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
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
  // Done within the next call.
  void set_within(std::function<void()> work) {
    const MutexLock lock(mutex_);
    within_ = std::move(work);
  }
  std::vector<EndpointCall> calls() const {
    const MutexLock lock(mutex_);
    return calls_;
  }

  // What a call that streams gets, besides a successful answer. Of the next such call.
  void set_pieces(std::unique_ptr<net::ByteSource> pieces) {
    const MutexLock lock(mutex_);
    pieces_ = std::move(pieces);
  }

  Result<EndpointAnswer> invoke(EndpointCall call) override {
    std::function<void()> work;
    {
      const MutexLock lock(mutex_);
      calls_.push_back(std::move(call));
      work.swap(within_);
    }
    if (work) work();
    const MutexLock lock(mutex_);
    return answer_;
  }
  Result<EndpointStream> invoke_streaming(EndpointCall call) override {
    const MutexLock lock(mutex_);
    calls_.push_back(std::move(call));
    CLARY_TRY(EndpointAnswer answer, answer_);
    return EndpointStream{.answer = std::move(answer), .pieces = std::move(pieces_)};
  }

 private:
  mutable Mutex mutex_;
  Result<EndpointAnswer> answer_ CLARY_GUARDED_BY(mutex_) = EndpointAnswer{};
  std::unique_ptr<net::ByteSource> pieces_ CLARY_GUARDED_BY(mutex_);
  std::vector<EndpointCall> calls_ CLARY_GUARDED_BY(mutex_);
  std::function<void()> within_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::hosting
