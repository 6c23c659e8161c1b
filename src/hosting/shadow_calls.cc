#include "hosting/shadow_calls.h"

#include <memory>
#include <utility>

namespace clary::hosting {

// Each waits for an answer nearly all of its time, in a place that it has lent out.
ShadowCalls::ShadowCalls(Send send, ShadowLimits limits)
    : send_(std::move(send)),
      limits_(limits),
      pool_("shadow calls",
            {.places = 1, .queue = limits.queue, .lent_places = limits.at_a_time - 1}) {}

ShadowCalls::~ShadowCalls() { stopping_ = true; }

void ShadowCalls::take(EndpointCall call) {
  const std::size_t size = call.body.size();
  if (bytes_.fetch_add(size) + size > limits_.memory_bytes) {
    bytes_ -= size;
    return;
  }
  const auto kept = std::make_shared<EndpointCall>(std::move(call));
  const bool taken = pool_.try_post([this, kept, size] {
    if (!stopping_) send_(std::move(*kept));
    bytes_ -= size;
  });
  if (!taken) bytes_ -= size;
}

}  // namespace clary::hosting
