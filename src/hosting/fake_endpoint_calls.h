// FakeEndpointCalls: gives every call the answer it was told, and remembers what it was asked.
// Thread-safe.
#pragma once

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
    const MutexLock lock(mutex_);
    calls_.push_back(std::move(call));
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
};

}  // namespace clary::hosting
