// CallGate: the calls of one serverless variant that are under way: no more than it may have, and
// how long ago the last one was.
//
// Thread-safe. Times are those of a steady clock.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"

namespace clary::hosting {

class CallGate {
 public:
  CallGate(int most, Duration now) : most_(most), used_(now) {}

  // Calls that are under way go on.
  void set_most(int most) {
    MutexLock lock(mutex_);
    most_ = most;
  }
  // False: as many calls as there may be are under way.
  bool enter() {
    MutexLock lock(mutex_);
    if (calls_ >= most_) return false;
    ++calls_;
    return true;
  }
  void leave(Duration now) {
    MutexLock lock(mutex_);
    --calls_;
    used_ = std::max(used_, now);
  }
  int under_way() const {
    MutexLock lock(mutex_);
    return calls_;
  }
  // Since the last call ended, or the gate was made; 0 while one is under way.
  Duration idle(Duration now) const {
    MutexLock lock(mutex_);
    return calls_ > 0 ? Duration(0) : std::max(now - used_, Duration(0));
  }

 private:
  mutable Mutex mutex_;
  int most_ CLARY_GUARDED_BY(mutex_);
  int calls_ CLARY_GUARDED_BY(mutex_) = 0;
  Duration used_ CLARY_GUARDED_BY(mutex_);
};

// One call's way through a gate: it leaves when this goes. clock outlives it.
class GatePass {
 public:
  GatePass() = default;
  // Precondition: the gate was entered.
  GatePass(std::shared_ptr<CallGate> gate, const Clock& clock)
      : gate_(std::move(gate)), clock_(&clock) {}
  GatePass(GatePass&& other) noexcept
      : gate_(std::move(other.gate_)), clock_(std::exchange(other.clock_, nullptr)) {}
  GatePass& operator=(GatePass&& other) noexcept {
    if (this != &other) {
      leave();
      gate_ = std::move(other.gate_);
      clock_ = std::exchange(other.clock_, nullptr);
    }
    return *this;
  }
  ~GatePass() { leave(); }

  const CallGate* gate() const { return gate_.get(); }

 private:
  void leave() {
    if (gate_ != nullptr) gate_->leave(clock_->steady());
    gate_.reset();
  }

  std::shared_ptr<CallGate> gate_;
  const Clock* clock_ = nullptr;
};

}  // namespace clary::hosting
