// CallCapture: gathers captured calls and writes them to S3 by and by, so that no call waits for
// it: what has come to some size, or is a minute old, and everything when the server stops.
//
// What does not fit into its memory is dropped, and so is what cannot be written; the endpoint's
// log says so. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "hosting/captured_call.h"
#include "hosting/endpoint_log.h"
#include "hosting/role_objects.h"

namespace clary::hosting {

struct CallCaptureLimits {
  std::size_t object_bytes = 4U << 20;   // an object is written when it has come to so much
  std::size_t memory_bytes = 64U << 20;  // of bodies that wait
  Duration age = std::chrono::minutes(1);
};

class CallCapture {
 public:
  struct Parts {  // all outlive it
    RoleObjects& objects;
    EndpointLog& log;
    IdSource& ids;
    const Clock& clock;
  };
  explicit CallCapture(Parts parts, CallCaptureLimits limits = {})
      : parts_(parts), limits_(limits) {}
  CallCapture(const CallCapture&) = delete;
  CallCapture& operator=(const CallCapture&) = delete;
  ~CallCapture();  // stop()

  // Writes on a thread of its own.
  void start();
  // Writes all there is.
  void stop();

  // Does not block.
  void take(CapturedCall call);
  // What is due now, on the calling thread.
  void write_due();
  // Forgets all there is.
  void clear();

 private:
  struct Batch {
    EndpointName endpoint;
    std::string variant;
    std::vector<CapturedCall> calls;  // with the same destination and role
    std::size_t bytes = 0;
    std::size_t dropped = 0;
    Duration begun{0};  // on the steady clock
  };
  void write(const Batch& batch);
  Status write_calls(const std::vector<CapturedCall>& calls);
  void write_all();

  const Parts parts_;
  const CallCaptureLimits limits_;
  Mutex mutex_;
  std::map<std::string, Batch> batches_ CLARY_GUARDED_BY(mutex_);
  std::size_t bytes_ CLARY_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<Loop> loop_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::hosting
