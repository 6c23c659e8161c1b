#include "serving/lane_plan.h"

#include <algorithm>

namespace clary::serving {
namespace {

constexpr Duration kFirstDelay = std::chrono::milliseconds(100);
constexpr Duration kLongestDelay = std::chrono::seconds(30);
// A lane with nothing to do is looked after so often: whether it has died.
constexpr Duration kLook = std::chrono::milliseconds(200);

}  // namespace

Duration open_delay(int failed_opens) {
  if (failed_opens <= 0) return Duration(0);
  Duration delay = kFirstDelay;
  for (int i = 1; i < failed_opens && delay < kLongestDelay; ++i) delay *= 2;
  return std::min(delay, kLongestDelay);
}

LaneDecision next_step(const LaneView& lane, Duration now) {
  if (lane.phase == LanePhase::kServing) return {.step = LaneStep::kServe, .wait = kLook};
  const Duration left = lane.since + open_delay(lane.failed_opens) - now;
  if (left <= Duration(0)) return {.step = LaneStep::kOpen};
  if (lane.phase == LanePhase::kUnloaded)
    return {.step = LaneStep::kServe, .wait = std::min(left, kLook)};
  return {.step = LaneStep::kWait, .wait = left};
}

Readiness readiness_of(const ModelSnapshot& model) {
  if (model.draining) return {.ready = false, .sentence = "the server is ending"};
  const auto serving = static_cast<std::size_t>(
      std::count_if(model.lanes.begin(), model.lanes.end(),
                    [](const LaneView& lane) { return lane.phase == LanePhase::kServing; }));
  const std::size_t wanted = model.was_ready ? 1 : model.lanes.size();
  if (serving > 0 && serving >= wanted) return {.ready = true, .sentence = ""};
  const auto failed = std::find_if(model.lanes.begin(), model.lanes.end(),
                                   [](const LaneView& lane) { return !lane.reason.empty(); });
  if (failed != model.lanes.end()) {
    const bool everywhere = std::all_of(model.lanes.begin(), model.lanes.end(),
                                        [](const LaneView& lane) { return !lane.reason.empty(); });
    return {.ready = false,
            .sentence = "the model could not be loaded: " + failed->reason,
            .failed = everywhere};
  }
  return {.ready = false,
          .sentence = "the model is being loaded: " + std::to_string(serving) + " of " +
                      std::to_string(model.lanes.size()) + " workers are ready"};
}

}  // namespace clary::serving
