#include "runtime/runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace clary::runtime {

using domain::Effect;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration kEffectsInterval = milliseconds(500);
constexpr Duration kWatchInterval = seconds(2);
constexpr Duration kLongestPause = seconds(30);
// Until what came too early is tried again.
constexpr Duration kLaterPause = milliseconds(200);
// Posted at once. The outbox is read again when half of them are done, not after each: it may be
// long.
constexpr std::size_t kMostInProgress = 64;
// With pauses that double from 250 ms to 30 s.
constexpr int kEffectAttempts = 12;
// Since the first attempt began: one may take as long as the hook's patience.
constexpr Duration kHookPatience = std::chrono::minutes(2);

Duration pause_after(int failures) {
  const Duration pause = milliseconds(250) * (1LL << std::min(failures, 10));
  return std::min(pause, kLongestPause);
}

}  // namespace

Runner::~Runner() { stop(); }

void Runner::start() {
  if (const Status ended = parts_.effects.end_orphans(); !ended.ok()) {
    parts_.logger.warning("gangs without a job could not be ended",
                          {{"error", ended.error().message}});
  }
  pool_ = std::make_unique<ThreadPool>("runner", PoolSize{.places = kThreads, .queue = 1024});
  MutexLock lock(mutex_);  // wake() may be called already
  effects_loop_ = std::make_unique<Loop>("runner-effects", kEffectsInterval,
                                         [this](const std::stop_token&) { distribute(); });
  watch_loop_ = std::make_unique<Loop>("runner-watch", kWatchInterval,
                                       [this](const std::stop_token&) { look(); });
}

void Runner::stop() {
  watch_loop_.reset();
  // The pool first would leave the loop posting to nothing; the loop first leaves the pool waking
  // nothing, which is fine.
  std::unique_ptr<Loop> loop;
  {
    MutexLock lock(mutex_);
    loop = std::move(effects_loop_);
  }
  loop.reset();
  pool_.reset();
}

void Runner::wake() {
  MutexLock lock(mutex_);
  if (effects_loop_ != nullptr) effects_loop_->wake();
}

std::vector<Effect> Runner::take() {
  std::vector<Effect> ready;
  {
    MutexLock lock(mutex_);
    if (paused_ || in_progress_.size() >= kMostInProgress) return ready;
  }
  const auto unfinished = parts_.jobs.unfinished_effects();
  if (!unfinished.ok()) {
    parts_.logger.error("the outbox cannot be read", {{"error", unfinished.error().message}});
    return ready;
  }
  MutexLock lock(mutex_);
  if (paused_) return ready;
  // Of those that were given up, or whose job is no more.
  std::erase_if(delays_, [&](const auto& delayed) {
    return !std::ranges::binary_search(*unfinished, delayed.first, {}, &Effect::id);
  });
  std::set<Lane> seen;
  auto hooks = static_cast<std::size_t>(std::ranges::count_if(in_progress_, &Lane::second));
  for (const Effect& effect : *unfinished) {
    const Lane lane = lane_of(effect);
    if (!seen.insert(lane).second) continue;  // one after another
    if (in_progress_.contains(lane)) continue;
    if (lane.second && hooks >= kHooksAtOnce) continue;
    const auto delayed = delays_.find(effect.id);
    if (delayed != delays_.end() && delayed->second.next > parts_.clock.steady()) continue;
    if (lane.second) ++hooks;
    ready.push_back(effect);
  }
  // Who wants an end does not wait for a thousand who want a beginning.
  std::ranges::sort(ready, {}, [](const Effect& effect) {
    return std::pair(effect.kind == domain::EffectKind::kSubmitGang, effect.id);
  });
  const std::size_t room = kMostInProgress - std::min(kMostInProgress, in_progress_.size());
  ready.resize(std::min(ready.size(), room));
  for (const Effect& effect : ready) in_progress_.insert(lane_of(effect));
  return ready;
}

bool Runner::carry_out(const Effect& effect) {
  const Duration began = parts_.clock.steady();
  const auto progress = parts_.effects.carry_out(effect);
  if (!progress.ok()) put_off(effect, progress.error(), began);
  const bool done = progress.ok() && *progress == Progress::kDone;
  MutexLock lock(mutex_);
  if (done) delays_.erase(effect.id);
  if (progress.ok() && !done) delays_[effect.id].next = parts_.clock.steady() + kLaterPause;
  in_progress_.erase(lane_of(effect));
  changed_.notify_all();
  return done;
}

void Runner::put_off(const Effect& effect, const Error& error, Duration began) {
  int count = 0;
  Duration tried{0};
  {
    MutexLock lock(mutex_);
    Delay& delay = delays_[effect.id];
    if (delay.failures == 0) delay.began = began;
    const Duration now = parts_.clock.steady();
    tried = now - delay.began;
    delay.next = now + pause_after(delay.failures);
    count = ++delay.failures;
  }
  parts_.logger.warning("an effect failed", {{"job", effect.job.name.value()},
                                             {"gang", effect.gang.value()},
                                             {"attempt", std::to_string(count)},
                                             {"error", error.message}});
  // A gang that cannot be removed is tried for ever: it may still run.
  if (effect.kind == domain::EffectKind::kRemoveGang) return;
  const bool hook = effect.kind == domain::EffectKind::kTellHook;
  if (hook ? tried < kHookPatience : count < kEffectAttempts) return;
  if (const Status given_up = parts_.effects.give_up(effect, error); !given_up.ok()) {
    parts_.logger.error("a job cannot be failed",
                        {{"job", effect.job.name.value()}, {"error", given_up.error().message}});
  }
}

std::size_t Runner::put_off_effects() {
  MutexLock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      delays_, [](const auto& delayed) { return delayed.second.failures > 0; }));
}

void Runner::run_pending() {
  bool progress = true;
  while (progress) {
    progress = false;
    for (const Effect& effect : take()) progress = carry_out(effect) || progress;
  }
}

void Runner::distribute() {
  for (const Effect& effect : take()) {
    const bool posted = pool_->try_post([this, effect] {
      if (carry_out(effect) && wants_more()) wake();
    });
    if (posted) continue;
    MutexLock lock(mutex_);
    in_progress_.erase(lane_of(effect));
    changed_.notify_all();
  }
}

bool Runner::wants_more() {
  MutexLock lock(mutex_);
  return in_progress_.size() <= kMostInProgress / 2;
}

void Runner::pause() {
  MutexLock lock(mutex_);
  paused_ = true;
  while (!in_progress_.empty()) changed_.wait_for(mutex_, kEffectsInterval);
}

void Runner::resume() {
  MutexLock lock(mutex_);
  paused_ = false;
}

void Runner::look() {
  if (const Status looked = parts_.watch.look(); !looked.ok()) {
    parts_.logger.error("live jobs cannot be listed", {{"error", looked.error().message}});
  }
}

}  // namespace clary::runtime
