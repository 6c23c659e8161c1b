#include "serving/admission.h"

#include <algorithm>

#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr std::chrono::seconds kShortest{1};
constexpr std::chrono::seconds kLongest{60};

}  // namespace

std::chrono::seconds retry_after(const QueueSnapshot& queue) {
  const auto calls = static_cast<std::int64_t>(queue.waiting);
  const auto lanes = static_cast<std::int64_t>(std::max<std::size_t>(queue.lanes, 1));
  const Duration all = queue.service_time * calls / lanes;
  return std::clamp(std::chrono::ceil<std::chrono::seconds>(all), kShortest, kLongest);
}

std::optional<Refusal> refusal_of(const QueueSnapshot& queue, const QueueLimits& limits,
                                  std::uint64_t body_bytes) {
  if (!queue.reachable) return Refusal{.sentence = queue.reason, .retry_after = kShortest};
  if (queue.waiting >= limits.waiting) {
    return Refusal{.sentence = "the queue is full: " + std::to_string(queue.waiting) +
                               " requests wait for the model",
                   .retry_after = retry_after(queue)};
  }
  if (queue.held_bytes > 0 &&
      body_bytes > limits.held_bytes - std::min(queue.held_bytes, limits.held_bytes)) {
    return Refusal{.sentence = "the bodies of waiting requests take " +
                               format_bytes(queue.held_bytes) + " of " +
                               format_bytes(limits.held_bytes),
                   .retry_after = retry_after(queue)};
  }
  return std::nullopt;
}

}  // namespace clary::serving
