// PayloadQueue: payloads on their way from the reader to those who ask the model. It holds the
// reader back while too many have no answer written, so that memory is bounded. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "base/mutex.h"
#include "host/payload_batcher.h"
#include "host/transform_object.h"

namespace clary::host {

struct PayloadWork {
  std::shared_ptr<TransformObject> object;
  std::size_t index = 0;  // within the object
  Payload payload;
};

class PayloadQueue {
 public:
  // most: payloads that are put and not settled.
  explicit PayloadQueue(std::size_t most) : most_(most) {}

  // Waits for room. False: given up.
  bool put(PayloadWork work);
  // Waits for the next; nothing: it has ended, or was given up.
  std::optional<PayloadWork> take();
  // So many have been written or dropped.
  void settle(std::size_t payloads);
  // Nothing more is put.
  void end();
  // Whoever waits goes on, with nothing.
  void give_up();

 private:
  const std::size_t most_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<PayloadWork> waiting_ CLARY_GUARDED_BY(mutex_);
  std::size_t unsettled_ CLARY_GUARDED_BY(mutex_) = 0;
  bool ended_ CLARY_GUARDED_BY(mutex_) = false;
  bool given_up_ CLARY_GUARDED_BY(mutex_) = false;
};

}  // namespace clary::host
