// FakeAsyncCalls: gives every call the ticket it was told, and remembers what it was asked. One
// thread at a time.
#pragma once

#include <utility>
#include <vector>

#include "hosting/async_calls.h"

namespace clary::hosting {

class FakeAsyncCalls final : public AsyncCalls {
 public:
  Result<AsyncTicket> submit(AsyncCall call) override {
    calls.push_back(std::move(call));
    return ticket;
  }

  Result<AsyncTicket> ticket = AsyncTicket{};
  std::vector<AsyncCall> calls;
};

}  // namespace clary::hosting
