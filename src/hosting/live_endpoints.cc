#include "hosting/live_endpoints.h"

#include <algorithm>
#include <utility>

#include "hosting/live_place.h"
#include "hosting/live_sentences.h"

namespace clary::hosting {
namespace {

constexpr Duration kTableLook = std::chrono::milliseconds(100);

// A serverless one is there also without an instance.
bool can_take_calls(const LiveVariant* variant) {
  return variant->gate != nullptr || !variant->instances.empty();
}

}  // namespace

LiveEndpoints::LiveEndpoints(const Clock& clock, EndpointMetrics& metrics,
                             std::function<double()> random, LiveEndpointsOptions options)
    : clock_(clock), metrics_(metrics), options_(options), random_(std::move(random)) {}

void LiveEndpoints::replace(std::shared_ptr<const LiveTable> table) {
  {
    MutexLock lock(mutex_);
    std::erase_if(known_, [](const auto& instance) { return instance.expired(); });
    for (const auto& [name, endpoint] : *table) {
      for (const LiveVariant& variant : endpoint.variants)
        known_.insert(variant.instances.begin(), variant.instances.end());
    }
    table_ = std::move(table);
  }
  changed_.notify_all();
}

Result<std::unique_ptr<LiveEndpoints::Place>> LiveEndpoints::find_place(Wish& wish) {
  for (bool told = false;;) {
    std::shared_ptr<const LiveTable> seen;
    Duration until = wish.wait_until;
    bool cold = false;
    {
      MutexLock lock(mutex_);
      if (aborted_)
        return unavailable(quoted(wish.call.endpoint) + " takes no calls: the server ends");
      seen = table_;
      CLARY_TRY(const LiveEndpoint* const endpoint, find_live(seen.get(), wish.call.endpoint));
      CLARY_TRY(const LiveVariant* const variant, choose_variant(*endpoint, wish));
      wish.asked_endpoint = endpoint->name;
      wish.asked_variant = variant->name;
      CLARY_RETURN_IF_ERROR(enter_gate(*variant, wish));
      if (auto instance = least_busy(*variant, wish)) {
        return std::make_unique<Place>(endpoint->name, *variant, std::move(instance),
                                       choose_copies(*endpoint, wish));
      }
      const bool worth_it = variant->coming || !wish.tried.empty();
      if (variant->gate != nullptr) {
        CLARY_RETURN_IF_ERROR(check_cold(*variant, wish));
        until = wish.end;
        cold = true;
      } else if (!worth_it || clock_.steady() >= until) {
        return unavailable("The variant '" + variant->name + "' of " + quoted(wish.call.endpoint) +
                           " has no instance that takes calls now");
      }
    }
    if (cold && !std::exchange(told, true)) on_wanted_();
    wait_for_other(seen, until);
  }
}

Status LiveEndpoints::check_cold(const LiveVariant& variant, const Wish& wish) const {
  if (!variant.coming && variant.last_failed > wish.failed_before) {
    return unavailable("No instance of the variant '" + variant.name + "' of " +
                       quoted(wish.call.endpoint) + " could be started: " + variant.failure);
  }
  if (clock_.steady() >= wish.end) return timed_out(timeout_sentence("primary"));
  return {};
}

// A shadow variant gets so much of the calls as its weight is of the weights of those that answer.
// Source: AWS, CreateEndpointConfig, ShadowProductionVariants.
LiveEndpoints::Copies LiveEndpoints::choose_copies(const LiveEndpoint& endpoint, const Wish& wish) {
  constexpr double kPercent = 100;
  Copies copies;
  if (!wish.tried.empty()) return copies;  // they were made the first time
  if (endpoint.capture != nullptr && random_() * kPercent < endpoint.capture->percentage)
    copies.capture = endpoint.capture;
  if (wish.shadow) return copies;
  double total = 0;
  for (const LiveVariant& variant : endpoint.variants) {
    if (!variant.shadow) total += variant.weight;
  }
  for (const LiveVariant& variant : endpoint.variants) {
    if (variant.shadow && random_() * total < variant.weight)
      copies.shadows.push_back(variant.name);
  }
  return copies;
}

void LiveEndpoints::wait_for_other(const std::shared_ptr<const LiveTable>& seen, Duration until) {
  MutexLock lock(mutex_);
  while (table_ == seen && !aborted_ && clock_.steady() < until)
    changed_.wait_for(mutex_, kTableLook);
}

Result<const LiveVariant*> LiveEndpoints::choose_variant(const LiveEndpoint& endpoint,
                                                         const Wish& wish) {
  CLARY_RETURN_IF_ERROR(check_takes_calls(endpoint));
  std::vector<const LiveVariant*> open;
  for (const LiveVariant& variant : endpoint.variants) {
    if (variant.shadow != wish.shadow) continue;
    if (variant.name == wish.variant) return &variant;
    if (variant.gate != nullptr && variant.gate.get() == wish.pass.gate()) return &variant;
    open.push_back(&variant);
  }
  if (!wish.variant.empty())
    return invalid_argument(quoted(endpoint.name) + " has no variant '" + wish.variant + "'.");
  if (open.empty()) return invalid_argument(quoted(endpoint.name) + " has no variant.");
  // What has no instance leaves its share to the others.
  if (std::ranges::any_of(open, can_take_calls))
    std::erase_if(open, [](const LiveVariant* variant) { return !can_take_calls(variant); });
  double total = 0;
  for (const LiveVariant* variant : open) total += variant->weight;
  double left = random_() * total;
  for (const LiveVariant* variant : open) {
    left -= variant->weight;
    if (left < 0) return variant;
  }
  return open.front();  // nothing weighs anything
}

std::shared_ptr<LiveInstance> LiveEndpoints::least_busy(const LiveVariant& variant,
                                                        const Wish& wish) {
  std::shared_ptr<LiveInstance> least;
  const std::size_t count = variant.instances.size();
  ++turn_;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& instance = variant.instances[(turn_ + i) % count];
    if (std::ranges::find(wish.tried, instance.get()) != wish.tried.end()) continue;
    if (least == nullptr || instance->calls_under_way() < least->calls_under_way())
      least = instance;
  }
  return least;
}

}  // namespace clary::hosting
