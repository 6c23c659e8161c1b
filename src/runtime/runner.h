// Runner: carries out what the changes of jobs ask for, and looks after what runs. After a restart
// it goes on where it was.
//
// run_pending() and look() do one round on the calling thread: tests use them. start() does both on
// threads of its own, at once after every commit (wake()) and at an interval. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/logger.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/thread_pool.h"
#include "domain/job_store.h"
#include "runtime/gang_effects.h"
#include "runtime/gang_watch.h"

namespace clary::runtime {

class Runner {
 public:
  struct Parts {
    domain::JobStore& jobs;
    GangEffects& effects;
    GangWatch& watch;
    const Clock& clock;
    const Logger& logger;
  };
  explicit Runner(Parts parts) : parts_(parts) {}
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner();  // stop()

  // Begins with what was left by an earlier run of the server.
  void start();
  // Waits for the effects in progress. What is not carried out stays in the store.
  void stop();
  // Something was committed.
  void wake();

  // Between these two no effect is carried out; pause() waits for those in progress.
  void pause();
  void resume();

  // Carries out every effect that can be carried out now, until nothing is left to do.
  void run_pending();
  void look();

  // Effects that failed and wait for their next attempt.
  std::size_t put_off_effects();

 private:
  struct Delay {
    int failures = 0;
    Duration began{0};  // the first that failed
    Duration next{0};   // on the steady clock: not before
  };
  // Takes the first unfinished effect of every job that is not in progress and not put off, as many
  // as may be in progress.
  std::vector<domain::Effect> take();
  bool carry_out(const domain::Effect& effect);  // whether it made progress
  void put_off(const domain::Effect& effect, const Error& error, Duration began);
  void distribute();
  bool wants_more();

  // Effects of a job come one after another; what its hook is told waits for itself only.
  using Lane = std::pair<domain::JobKey, bool>;
  static Lane lane_of(const domain::Effect& effect) {
    return {effect.job, effect.kind == domain::EffectKind::kTellHook};
  }

  static constexpr std::size_t kThreads = 4;
  static constexpr std::size_t kHooksAtOnce = 2;  // slow hooks leave threads to the gangs

  Parts parts_;
  Mutex mutex_;
  CondVar changed_;
  bool paused_ CLARY_GUARDED_BY(mutex_) = false;
  std::set<Lane> in_progress_ CLARY_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Delay> delays_ CLARY_GUARDED_BY(mutex_);
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<Loop> effects_loop_;
  std::unique_ptr<Loop> watch_loop_;
};

}  // namespace clary::runtime
