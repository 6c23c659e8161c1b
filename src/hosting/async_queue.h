// AsyncQueue: keeps calls that are answered later, in the order in which they came, and carries
// each out when an instance of its endpoint has a place for it: reads the input from S3, calls the
// model, writes the answer or what went wrong to S3, and tells of it in the endpoint's log.
//
// A call waits in the metadata until that is done, so that a restart loses none; one that was under
// way then is carried out again. How many wait is measured at every look. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "domain/endpoint_store.h"
#include "domain/record_store.h"
#include "hosting/async_calls.h"
#include "hosting/endpoint_calls.h"
#include "hosting/endpoint_log.h"
#include "hosting/endpoint_metrics.h"
#include "hosting/role_objects.h"

namespace clary::hosting {

class AsyncQueue final : public AsyncCalls {
 public:
  struct Parts {  // all outlive it
    domain::RecordStore& records;
    domain::EndpointStore& endpoints;
    EndpointCalls& calls;
    RoleObjects& objects;
    EndpointLog& log;
    EndpointMetrics& metrics;
    IdSource& ids;
    const Clock& clock;
    const Logger& logger;
    // What the endpoint says of such calls now; NotFound; InvalidArgument; Unavailable.
    std::function<Result<AsyncRules>(const EndpointName&)> rules;
    // Of all endpoints that take such calls now.
    std::function<std::vector<AsyncRules>()> all_rules;
    // Runs it on a thread that may wait; false: not now.
    std::function<bool(std::function<void()>)> post;
    // Of inputs in memory, but for those that two threads read: what is more waits.
    std::uint64_t held_bytes = 2ULL << 30;
  };
  explicit AsyncQueue(Parts parts) : parts_(std::move(parts)) {}
  AsyncQueue(const AsyncQueue&) = delete;
  AsyncQueue& operator=(const AsyncQueue&) = delete;
  ~AsyncQueue() override;  // stop()

  // Reads what waits, and looks on a thread of its own.
  Status start();
  // Begins nothing more. What is under way counts as not done from now on, but for what has been
  // answered already.
  void stop();
  // Reads what waits, of an earlier server.
  Status read();

  Result<AsyncTicket> submit(AsyncCall call) override;
  // Begins what may begin now.
  void look();
  // Forgets all that waits; the records are the caller's.
  void clear();

 private:
  using Calls = std::map<std::string, WaitingCall>;  // by the record's key; without their bodies
  struct Taken {
    std::string key;
    WaitingCall call;
    std::uint64_t epoch = 0;  // it counts while this is the queue's
  };
  struct Line {  // of one endpoint
    Calls waiting;
    int under_way = 0;
    Duration not_before{0};  // on the steady clock
  };
  enum class Outcome { kDone, kLater };

  void read(const domain::KeptRecord& record);
  void look_at(const std::string& endpoint_id, const EndpointName& endpoint);
  bool is_gone(const std::string& endpoint_id, const EndpointName& endpoint);
  void drop(const std::string& endpoint_id);
  void measure();
  // The next that may begin, taken out; nothing.
  std::optional<Taken> take(const std::string& endpoint_id, int places);
  void put_back(const Taken& taken, Duration not_before);
  void run(const Taken& taken);
  Outcome carry_out(const Taken& taken);
  Outcome answered(const WaitingCall& call, EndpointAnswer answer);
  Outcome fail(const WaitingCall& call, const Error& error);
  Outcome fail(const WaitingCall& call, const std::string& reason);
  Result<RoleBytes> input_of(const Taken& taken, std::uint64_t limit_bytes);
  Status write(const WaitingCall& call, const std::string& uri, RoleBytes bytes);
  bool is_expired(const WaitingCall& call) const;
  bool is_stopping();
  void wake();

  const Parts parts_;
  std::atomic<std::uint64_t> held_ = 0;  // bytes of inputs
  Mutex mutex_;
  std::map<std::string, Line> lines_ CLARY_GUARDED_BY(mutex_);  // by the endpoint's id
  std::uint64_t epoch_ CLARY_GUARDED_BY(mutex_) = 0;            // counts clear()
  bool stopping_ CLARY_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Loop> loop_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::hosting
