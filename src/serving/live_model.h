// LiveModel: one loaded model: its lanes, each on a thread of its own, and the queue before them.
//
// Lanes that die are opened again; only the calls they had fail. Calls whose deadline has passed or
// whose caller has gone are dropped before they take a lane. What is decided when stands in
// admission.h, batching.h and lane_plan.h. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "base/result.h"
#include "serving/admission.h"
#include "serving/batching.h"
#include "serving/engine.h"
#include "serving/lane_plan.h"
#include "serving/model_call.h"
#include "serving/model_metrics.h"

namespace clary::serving {

// A call on its way. Answered exactly once: with Unavailable when the model never saw it, Timeout
// when it ran too long, Internal when its lane died, Cancelled when nobody waits for it any more.
struct PendingCall {
  ModelRequest request;
  Duration arrived{0};  // on the steady clock, as the next
  Duration deadline{0};
  std::function<void(Result<ModelAnswer>)> answer;
  std::function<bool()> is_abandoned;  // may be empty
  std::size_t attempts = 0;
};

struct LiveModelOptions {
  std::size_t lanes = 1;
  QueueLimits queue = {};
  std::size_t most_in_batch = 1;
  Duration batch_latency_limit = Duration::max();
  Duration load_limit = std::chrono::seconds(600);
};

class LiveModel {
 public:
  // All outlive the model.
  LiveModel(Engine& engine, LiveModelOptions options, const Clock& clock, const Logger& logger,
            ModelMetrics& metrics);
  LiveModel(const LiveModel&) = delete;
  LiveModel& operator=(const LiveModel&) = delete;
  ~LiveModel();  // stop()

  // Begins to load.
  void start();
  Readiness readiness() const;
  // Whether a call with such a body would be refused now; asked before its body is read.
  std::optional<Refusal> refusal(std::uint64_t body_bytes) const;
  // The answer may come on this thread, before it returns.
  std::optional<Refusal> submit(PendingCall call);
  std::size_t waiting() const;
  // Calls that are not answered yet, waiting ones included.
  std::size_t under_way() const;
  // Waits until it is ready. Unavailable with its reason: a lane could not be opened, or its model
  // does not load; Timeout, Cancelled: neither until then. After start().
  Status wait_until_loaded(Duration limit, const std::stop_token& stop) const;
  std::vector<LaneView> lanes() const;

  // Says that it is not ready any more, and waits until every call is answered or `limit` is over.
  void drain(Duration limit);
  // Ends the lanes; what still waits is answered Unavailable.
  void stop();

 private:
  using Batch = std::vector<PendingCall>;

  void run_lane(std::size_t index);
  std::unique_ptr<Lane> open(std::size_t index);
  // False when the lane is dead.
  bool serve(std::size_t index, Lane& lane, Duration wait);
  Batch take_batch(bool takes_batches, Duration wait);
  void take_waiting(Batch& batch, std::vector<PendingCall>& dropped, std::size_t most)
      CLARY_REQUIRES(mutex_);
  void answer_dropped(std::vector<PendingCall> dropped);
  void answer_batch(Batch batch, LaneResult result);
  void put_back(Batch batch);
  void answer(PendingCall& call, Result<ModelAnswer> outcome);
  // The call does not count as under way any more.
  void settle(const PendingCall& call);
  // Gives the answer that has begun, and stays with it to its end.
  LaneResult answer_in_pieces(PendingCall call, LaneResult begun);
  void note_phase(std::size_t index, const std::optional<std::string>& failure);
  QueueSnapshot queue_snapshot() const CLARY_REQUIRES(mutex_);
  bool is_ready() const CLARY_REQUIRES(mutex_);
  bool is_stopping() const;

  Engine& engine_;
  const LiveModelOptions options_;
  const Clock& clock_;
  const Logger& logger_;
  ModelMetrics& metrics_;

  mutable Mutex mutex_;
  CondVar arrived_;          // a call waits; only free lanes wait for it
  mutable CondVar changed_;  // everything was answered, a lane was opened, or it ends
  std::deque<PendingCall> queue_ CLARY_GUARDED_BY(mutex_);
  std::vector<LaneView> lanes_ CLARY_GUARDED_BY(mutex_);
  BatchTimes times_ CLARY_GUARDED_BY(mutex_);
  std::uint64_t batches_ CLARY_GUARDED_BY(mutex_) = 0;
  std::uint64_t held_bytes_ CLARY_GUARDED_BY(mutex_) = 0;  // of calls not yet answered
  std::size_t unanswered_ CLARY_GUARDED_BY(mutex_) = 0;
  std::size_t free_lanes_ CLARY_GUARDED_BY(mutex_) = 0;  // that wait for a call
  bool was_ready_ CLARY_GUARDED_BY(mutex_) = false;
  bool was_open_ CLARY_GUARDED_BY(mutex_) = false;
  bool draining_ CLARY_GUARDED_BY(mutex_) = false;
  bool stopping_ CLARY_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace clary::serving
