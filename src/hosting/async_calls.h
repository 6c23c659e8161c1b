// AsyncCalls: takes calls that are answered later.
//
// Implementations: AsyncQueue, FakeAsyncCalls. Thread-safe.
#pragma once

#include "hosting/async_call.h"

namespace clary::hosting {

class AsyncCalls {
 public:
  virtual ~AsyncCalls() = default;
  // The call outlives a restart when this returns. Errors: NotFound: no such endpoint;
  // InvalidArgument: it takes no such calls, or none now: the sentence for the caller.
  virtual Result<AsyncTicket> submit(AsyncCall call) = 0;
};

}  // namespace clary::hosting
