#include "serving/live_model.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/time_text.h"

namespace clary::serving {
namespace {

constexpr Duration kLaneLook = std::chrono::milliseconds(200);
// A call that waited for less is not asked whether its caller has gone: it costs a system call.
constexpr Duration kShortWait = std::chrono::milliseconds(5);
constexpr std::uint64_t kLookAgainEvery = 64;  // batches
// A call that no lane has begun is given to another one: all may have died together, and twice
// more.
constexpr std::size_t kMoreAttempts = 2;

}  // namespace

LiveModel::LiveModel(Engine& engine, LiveModelOptions options, const Clock& clock,
                     const Logger& logger, ModelMetrics& metrics)
    : engine_(engine),
      options_(std::move(options)),
      clock_(clock),
      logger_(logger),
      metrics_(metrics),
      lanes_(std::max<std::size_t>(options_.lanes, 1)) {}

LiveModel::~LiveModel() { stop(); }

void LiveModel::start() {
  std::size_t count = 0;
  {
    MutexLock lock(mutex_);
    count = lanes_.size();
  }
  for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this, i] { run_lane(i); });
}

bool LiveModel::is_ready() const {
  return readiness_of({.lanes = lanes_, .was_ready = was_ready_, .draining = draining_}).ready;
}

Readiness LiveModel::readiness() const {
  MutexLock lock(mutex_);
  return readiness_of({.lanes = lanes_, .was_ready = was_ready_, .draining = draining_});
}

QueueSnapshot LiveModel::queue_snapshot() const {
  QueueSnapshot now{.waiting = queue_.size(), .held_bytes = held_bytes_, .lanes = lanes_.size()};
  now.service_time = times_.of(1).value_or(Duration(0));
  if (stopping_) {
    now.reachable = false;
    now.reason = "the server is ending";
  } else if (!was_open_) {
    now.reachable = false;
    now.reason = readiness_of({.lanes = lanes_, .was_ready = was_ready_}).sentence;
  }
  return now;
}

std::optional<Refusal> LiveModel::refusal(std::uint64_t body_bytes) const {
  MutexLock lock(mutex_);
  return refusal_of(queue_snapshot(), options_.queue, body_bytes);
}

std::optional<Refusal> LiveModel::submit(PendingCall call) {
  {
    MutexLock lock(mutex_);
    const std::uint64_t bytes = call.request.body.size();
    std::optional<Refusal> refused = refusal_of(queue_snapshot(), options_.queue, bytes);
    if (refused) return refused;
    held_bytes_ += bytes;
    ++unanswered_;
    queue_.push_back(std::move(call));
  }
  arrived_.notify_one();
  return std::nullopt;
}

std::size_t LiveModel::waiting() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

std::size_t LiveModel::under_way() const {
  MutexLock lock(mutex_);
  return unanswered_;
}

Status LiveModel::wait_until_loaded(Duration limit, const std::stop_token& stop) const {
  const Duration deadline = clock_.steady() + limit;
  MutexLock lock(mutex_);
  for (;;) {
    if (is_ready()) return {};
    const bool failed = std::any_of(lanes_.begin(), lanes_.end(),
                                    [](const LaneView& lane) { return !lane.reason.empty(); });
    const std::string why =
        readiness_of({.lanes = lanes_, .was_ready = was_ready_, .draining = draining_}).sentence;
    if (failed) return unavailable(why);
    if (stopping_ || stop.stop_requested()) return cancelled("the server is ending");
    if (clock_.steady() >= deadline) return timed_out(why);
    changed_.wait_for(mutex_, kLaneLook);
  }
}

std::vector<LaneView> LiveModel::lanes() const {
  MutexLock lock(mutex_);
  return lanes_;
}

void LiveModel::run_lane(std::size_t index) {
  ::pthread_setname_np(::pthread_self(), "serve-lane");
  std::unique_ptr<Lane> lane;
  for (;;) {
    LaneDecision decision;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      decision = next_step(lanes_[index], clock_.steady());
      if (decision.step == LaneStep::kWait) {
        changed_.wait_for(mutex_, std::min(decision.wait, kLaneLook));
        continue;
      }
    }
    if (decision.step == LaneStep::kOpen) {
      lane.reset();
      lane = open(index);
    } else if (!serve(index, *lane, decision.wait)) {
      lane.reset();
    }
  }
}

std::unique_ptr<Lane> LiveModel::open(std::size_t index) {
  Result<std::unique_ptr<Lane>> opened = engine_.open_lane(clock_.steady() + options_.load_limit);
  MutexLock lock(mutex_);
  LaneView& view = lanes_[index];
  view.since = clock_.steady();
  const std::string before = std::exchange(view.reason, "");
  if (opened.ok()) {
    was_open_ = true;
    view.reason = (*opened)->failure().value_or("");
    view.phase = view.reason.empty() ? LanePhase::kServing : LanePhase::kUnloaded;
  } else {
    view.phase = LanePhase::kClosed;
    view.reason = opened.error().message;
  }
  view.failed_opens = view.reason.empty() ? 0 : view.failed_opens + 1;
  // Said once, not at every further attempt.
  if (!view.reason.empty() && view.reason != before && !stopping_)
    logger_.error("the model could not be loaded", {{"reason", view.reason}});
  if (!was_ready_ && is_ready()) {
    was_ready_ = true;
    logger_.info("the model is loaded", {{"workers", std::to_string(lanes_.size())}});
  }
  changed_.notify_all();
  return opened.ok() ? std::move(*opened) : nullptr;
}

void LiveModel::note_phase(std::size_t index, const std::optional<std::string>& failure) {
  MutexLock lock(mutex_);
  LaneView& view = lanes_[index];
  const LanePhase phase = failure ? LanePhase::kUnloaded : LanePhase::kServing;
  if (view.phase == phase) return;
  view.phase = phase;
  view.since = clock_.steady();
  view.reason = failure.value_or("");
  view.failed_opens = failure ? 1 : 0;
  was_ready_ = was_ready_ || is_ready();
}

bool LiveModel::is_stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

bool LiveModel::serve(std::size_t index, Lane& lane, Duration wait) {
  const auto died = [&](std::string_view why) {
    {
      MutexLock lock(mutex_);
      LaneView& view = lanes_[index];
      view.phase = LanePhase::kClosed;
      view.since = clock_.steady();
      view.failed_opens = 0;
      if (stopping_) return;
    }
    metrics_.count_death();
    logger_.warning("a worker has ended; another one takes its place", {{"why", std::string(why)}});
  };
  Batch batch = take_batch(lane.takes_batches(), wait);
  if (batch.empty()) {
    if (lane.is_alive()) return true;
    died("while it had nothing to do");
    return false;
  }
  std::vector<const ModelRequest*> requests;
  Duration deadline = batch.front().deadline;
  for (const PendingCall& call : batch) {
    requests.push_back(&call.request);
    deadline = std::min(deadline, call.deadline);
  }
  const Duration began = clock_.steady();
  LaneResult result = lane.run(requests, deadline);
  const std::size_t count = batch.size();
  const auto note_time = [&, is_trial = result.is_trial] {
    if (is_trial) return;
    MutexLock lock(mutex_);
    times_.add(count, clock_.steady() - began);
  };
  if (result.fault == LaneResult::Fault::kNone) {
    note_phase(index, lane.failure());
    for (std::size_t i = 0; i < count; ++i)
      result.answers[i].times.queue = began - batch[i].arrived;
    if (!result.rest) {
      note_time();
      answer_batch(std::move(batch), std::move(result));
      return true;
    }
    const LaneResult ended = answer_in_pieces(std::move(batch.front()), std::move(result));
    note_time();
    if (ended.fault != LaneResult::Fault::kNone) died(ended.sentence);
    return ended.fault == LaneResult::Fault::kNone;
  }
  died(result.sentence);
  if (is_stopping()) {
    for (PendingCall& call : batch) answer(call, unavailable("the server is ending"));
  } else if (result.fault == LaneResult::Fault::kNotBegun) {
    put_back(std::move(batch));
  } else {
    answer_batch(std::move(batch), std::move(result));
  }
  return false;
}

// Takes the oldest calls that somebody still waits for.
void LiveModel::take_waiting(Batch& batch, std::vector<PendingCall>& dropped, std::size_t most) {
  const Duration now = clock_.steady();
  while (batch.size() < most && !queue_.empty()) {
    PendingCall call = std::move(queue_.front());
    queue_.pop_front();
    const bool expired = now >= call.deadline;
    const bool abandoned =
        !expired && now - call.arrived >= kShortWait && call.is_abandoned && call.is_abandoned();
    (expired || abandoned ? dropped : batch).push_back(std::move(call));
  }
}

LiveModel::Batch LiveModel::take_batch(bool takes_batches, Duration wait) {
  Batch batch;
  std::vector<PendingCall> dropped;
  {
    MutexLock lock(mutex_);
    if (queue_.empty() && !stopping_) {
      ++free_lanes_;
      arrived_.wait_for(mutex_, std::min(wait, kLaneLook));
      --free_lanes_;
    }
    if (!queue_.empty() && !stopping_) {
      const BatchSnapshot now{.waiting = queue_.size(),
                              .most = takes_batches ? options_.most_in_batch : 1,
                              .free_lanes = free_lanes_ + 1,
                              .latency_limit = options_.batch_latency_limit,
                              .look_again = ++batches_ % kLookAgainEvery == 0};
      take_waiting(batch, dropped, choose_batch(now, times_));
    }
  }
  answer_dropped(std::move(dropped));
  return batch;
}

void LiveModel::answer_dropped(std::vector<PendingCall> dropped) {
  const Duration now = clock_.steady();
  for (PendingCall& call : dropped) {
    const bool expired = now >= call.deadline;
    metrics_.count_dropped();
    answer(call, expired ? unavailable("it waited for the model for " +
                                       format_duration(now - call.arrived) + " in vain")
                         : cancelled("the caller has gone"));
  }
}

void LiveModel::answer_batch(Batch batch, LaneResult result) {
  using Fault = LaneResult::Fault;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (result.fault == Fault::kNone) {
      answer(batch[i], std::move(result.answers[i]));
    } else if (result.fault == Fault::kTooLong) {
      answer(batch[i], timed_out(result.sentence));
    } else {
      answer(batch[i], internal_error(result.sentence));
    }
  }
}

// To the head of the queue, in their order.
void LiveModel::put_back(Batch batch) {
  Batch failed;
  {
    MutexLock lock(mutex_);
    for (auto call = batch.rbegin(); call != batch.rend(); ++call) {
      if (++call->attempts < lanes_.size() + kMoreAttempts && !stopping_) {
        queue_.push_front(std::move(*call));
      } else {
        failed.push_back(std::move(*call));
      }
    }
  }
  arrived_.notify_all();
  for (PendingCall& call : failed)
    answer(call, unavailable("workers of the model end before they can begin"));
}

LaneResult LiveModel::answer_in_pieces(PendingCall call, LaneResult begun) {
  call.answer(std::move(begun.answers.front()));
  LaneResult ended = begun.rest(call.deadline - call.arrived);
  settle(call);
  return ended;
}

void LiveModel::answer(PendingCall& call, Result<ModelAnswer> outcome) {
  call.answer(std::move(outcome));
  settle(call);
}

void LiveModel::settle(const PendingCall& call) {
  {
    MutexLock lock(mutex_);
    held_bytes_ -= call.request.body.size();
    --unanswered_;
    if (unanswered_ > 0 || !draining_) return;
  }
  changed_.notify_all();
}

void LiveModel::drain(Duration limit) {
  const Duration deadline = clock_.steady() + limit;
  MutexLock lock(mutex_);
  draining_ = true;
  while (unanswered_ > 0 && clock_.steady() < deadline) changed_.wait_for(mutex_, kLaneLook);
}

void LiveModel::stop() {
  {
    MutexLock lock(mutex_);
    draining_ = true;
    stopping_ = true;
  }
  engine_.stop();
  arrived_.notify_all();
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  std::deque<PendingCall> left;
  {
    MutexLock lock(mutex_);
    left.swap(queue_);
  }
  for (PendingCall& call : left) answer(call, unavailable("the server is ending"));
}

}  // namespace clary::serving
