// The life of one lane, and what /ping says of all of them. Pure functions of snapshots.
//
//   kClosed → kServing ⇄ kUnloaded → kClosed
//
// kUnloaded: the lane is open and its model's own code fails; calls are still answered, with that
// failure. It is opened anew by and by, because what was missing may have come.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/clock.h"

namespace clary::serving {

enum class LanePhase { kClosed, kUnloaded, kServing };

struct LaneView {
  LanePhase phase = LanePhase::kClosed;
  Duration since{0};     // when it came to this phase, on the steady clock
  int failed_opens = 0;  // in a row: that gave no lane, or one whose model is not loaded
  std::string reason;    // of the last of them
};

enum class LaneStep { kOpen, kWait, kServe };

struct LaneDecision {
  LaneStep step = LaneStep::kWait;
  Duration wait{0};  // of kWait; of kServe: look again then, at the latest
};

// What the lane does next. kOpen of one that is open: closes it first.
LaneDecision next_step(const LaneView& lane, Duration now);

// How long a lane waits before it is opened again: at once after one that had worked, then 100 ms
// and twice as long each time, up to 30 seconds.
Duration open_delay(int failed_opens);

struct Readiness {
  bool ready = false;
  std::string sentence;  // why not
  bool failed = false;   // every lane has tried to load the model, and none could
};

struct ModelSnapshot {
  std::span<const LaneView> lanes;
  bool was_ready = false;
  bool draining = false;
};

// Ready for the first time when every lane has its model loaded; then as long as one has.
Readiness readiness_of(const ModelSnapshot& model);

}  // namespace clary::serving
