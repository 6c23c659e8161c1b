#include "hosting/instance_book.h"

#include <algorithm>
#include <utility>

#include "hosting/endpoint_failure.h"

namespace clary::hosting {

using domain::Endpoint;
using domain::EndpointVariant;

namespace {

// Of a variant: as many deaths as the pauses between replacements are told by, and more.
constexpr std::size_t kEndedKept = 32;

// It was not wanted any more, and had no fault.
bool was_asked(const KnownContainer& container) {
  return container.job.stop_reason == domain::StopReason::kRequested &&
         container.load_failure.empty();
}

bool has_fault(const KnownContainer& container) {
  return !container.load_failure.empty() || (container.has_ended() && !was_asked(container));
}

using Containers = std::vector<const KnownContainer*>;

std::string name_of(const EndpointVariant* variant, const KnownContainer& container) {
  return variant == nullptr ? "primary" : container_name(*variant, container.part().container);
}

void tell_fault(InstanceView& view, const EndpointVariant* variant, const Containers& parts) {
  const auto fault =
      std::ranges::find_if(parts, [](const auto* container) { return has_fault(*container); });
  if (fault == parts.end()) return;
  const KnownContainer& container = **fault;
  view.container = name_of(variant, container);
  view.reason =
      container.load_failure.empty() ? container.job.failure_reason : container.load_failure;
  view.machine_fault = view.reason.starts_with("InternalServerError");
}

InstanceState state_of(const Containers& parts) {
  const auto all = [&parts](auto&& is) { return std::ranges::all_of(parts, is); };
  if (all([](const auto* one) { return one->has_ended(); })) return InstanceState::kEnded;
  if (all([](const auto* one) { return one->has_ended() || one->is_stopping(); }))
    return InstanceState::kStopping;
  if (!all([](const auto* one) {
        return one->load_failure.empty() && !one->has_ended() && !one->is_stopping();
      }))
    return InstanceState::kBroken;
  if (all([](const auto* one) { return one->ready; })) return InstanceState::kReady;
  return all([](const auto* one) { return one->was_ready; }) ? InstanceState::kUnready
                                                             : InstanceState::kStarting;
}

// When the container came to what it is for an instance in this state.
TimePoint since_of(const KnownContainer& container, InstanceState state) {
  if (state == InstanceState::kStarting) return container.seen;
  if (state == InstanceState::kUnready)
    return container.ready ? TimePoint() : container.unready_since;
  if (!container.load_failure.empty()) return container.load_failed;
  return container.job.modified;
}

InstanceView view_of(const InstanceId& id, const EndpointVariant* variant,
                     const Containers& parts) {
  InstanceView view{.id = id, .state = state_of(parts)};
  view.begun = parts.front()->job.created;
  view.whole = variant == nullptr || parts.size() >= variant->containers.size();
  if (!view.whole && view.state == InstanceState::kReady) view.state = InstanceState::kStarting;
  view.asked =
      std::ranges::none_of(parts, [](const auto* container) { return has_fault(*container); });
  for (const KnownContainer* container : parts) {
    view.begun = std::min(view.begun, container->job.created);
    view.since = std::max(view.since, since_of(*container, view.state));
    if (!container->ready && view.container.empty()) view.container = name_of(variant, *container);
  }
  tell_fault(view, variant, parts);
  return view;
}

}  // namespace

InstanceId instance_of(const domain::ServingPlace& place) {
  return {.generation = place.generation, .variant = place.variant, .number = place.instance};
}

const EndpointVariant* find_variant(const Endpoint& endpoint, const InstanceId& instance) {
  for (const auto* generation : {&endpoint.serving, &endpoint.next}) {
    if (!*generation || (*generation)->number != instance.generation) continue;
    for (const EndpointVariant& variant : (*generation)->variants) {
      if (variant.asked.name == instance.variant) return &variant;
    }
  }
  return nullptr;
}

void InstanceBook::note(const domain::Job& job, TimePoint now) {
  if (!job.spec.place) return;
  const auto [at, is_new] = containers_.try_emplace(job.name);
  if (is_new) at->second.seen = now;
  if (is_new || at->second.job.version <= job.version) at->second.job = job;
}

void InstanceBook::note(const JobName& job, const Health& health, TimePoint now) {
  const auto found = containers_.find(job);
  if (found == containers_.end() || found->second.has_ended()) return;
  KnownContainer& container = found->second;
  const bool ready = health.answer == Health::Answer::kReady;
  if (container.ready && !ready) container.unready_since = now;
  container.ready = ready;
  container.was_ready = container.was_ready || ready;
  if (health.answer != Health::Answer::kLoadFailed || container.was_ready ||
      !container.load_failure.empty())
    return;
  container.load_failure =
      health.sentence.empty() ? "the model could not be loaded" : health.sentence;
  container.load_failed = now;
}

std::vector<KnownContainer*> InstanceBook::of(const InstanceId& instance) {
  std::vector<KnownContainer*> found;
  for (auto& [name, container] : containers_) {
    if (instance_of(container.part()) == instance) found.push_back(&container);
  }
  std::ranges::sort(found, {}, [](const auto* container) { return container->part().container; });
  return found;
}

std::vector<InstanceView> InstanceBook::views(const Endpoint& endpoint) const {
  std::map<InstanceId, Containers> instances;
  for (const auto& [name, container] : containers_)
    instances[instance_of(container.part())].push_back(&container);
  std::vector<InstanceView> all;
  for (auto& [id, parts] : instances) {
    std::ranges::sort(parts, {}, [](const auto* container) { return container->part().container; });
    all.push_back(view_of(id, find_variant(endpoint, id), parts));
  }
  return all;
}

std::vector<JobName> InstanceBook::prune(const Endpoint& endpoint) {
  std::map<std::pair<std::uint64_t, std::string>, std::vector<InstanceId>> ended;
  for (const InstanceView& view : views(endpoint)) {
    if (view.state == InstanceState::kEnded)
      ended[{view.id.generation, view.id.variant}].push_back(view.id);
  }
  std::vector<JobName> forgotten;
  for (const auto& [place, ids] : ended) {
    const auto is_of = [&place](const std::optional<domain::EndpointGeneration>& generation) {
      return generation && generation->number == place.first;
    };
    const std::size_t kept = is_of(endpoint.serving) || is_of(endpoint.next) ? kEndedKept : 0;
    for (std::size_t i = 0; i + kept < ids.size(); ++i) {  // ascending by number
      for (const KnownContainer* container : of(ids[i])) forgotten.push_back(container->job.name);
    }
  }
  for (const JobName& name : forgotten) containers_.erase(name);
  return forgotten;
}

}  // namespace clary::hosting
