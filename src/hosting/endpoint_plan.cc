#include "hosting/endpoint_plan.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "hosting/endpoint_failure.h"

namespace clary::hosting {

using domain::Endpoint;
using domain::EndpointGeneration;
using domain::EndpointStatus;
using domain::EndpointVariant;
using std::chrono::seconds;

namespace {

// An instance that was ready and does not pass its health check for so long is replaced.
constexpr Duration kUnreadyPatience = seconds(60);
// What lived longer did not fail by its nature: its replacement need not wait.
constexpr Duration kShortLife = seconds(60);
constexpr Duration kFirstPause = seconds(1);
constexpr Duration kLongestPause = seconds(60);
// Faults of the machine while a generation is brought up, until it fails of them.
constexpr int kMachineFaults = 3;

bool is_overdue(const InstanceView& view, const EndpointVariant& variant, TimePoint now) {
  if (view.state == InstanceState::kStarting)
    return now - view.since >= seconds(variant.asked.startup_seconds);
  return view.state == InstanceState::kUnready && now - view.since >= kUnreadyPatience;
}

std::string failure_of(const InstanceView& view) {
  return failure_of_container(view.id.variant, view.container, view.reason);
}

const EndpointVariant* variant_in(const EndpointGeneration& generation, const std::string& name) {
  const auto found = std::ranges::find(generation.variants, name, [](const EndpointVariant& one) {
    return std::string_view(one.asked.name);
  });
  return found == generation.variants.end() ? nullptr : &*found;
}

class Planner {
 public:
  Planner(const Endpoint& endpoint, std::span<const InstanceView> instances, TimePoint now,
          std::span<const VariantDemand> demands)
      : endpoint_(endpoint), instances_(instances), now_(now), demands_(demands) {}

  EndpointPlan make() {
    choose_calls();
    plan_.record = next_record();
    if (plan_.record) {
      plan_.record->modified = std::max(now_, endpoint_.modified);
    } else {
      act();
    }
    return std::move(plan_);
  }

 private:
  bool is_brought_up() const {
    return endpoint_.next && (endpoint_.status == EndpointStatus::kCreating ||
                              endpoint_.status == EndpointStatus::kUpdating);
  }
  bool takes_calls() const {
    return endpoint_.serving && (endpoint_.status == EndpointStatus::kInService ||
                                 endpoint_.status == EndpointStatus::kUpdating ||
                                 endpoint_.status == EndpointStatus::kRollingBack);
  }

  std::vector<const InstanceView*> of(const EndpointGeneration& generation,
                                      const EndpointVariant& variant) const {
    std::vector<const InstanceView*> found;
    for (const InstanceView& view : instances_) {
      if (view.id.generation == generation.number && view.id.variant == variant.asked.name)
        found.push_back(&view);
    }
    std::ranges::sort(found, {}, [](const InstanceView* view) { return view->id.number; });
    return found;
  }

  // So many instances must be ready before a generation serves. A serverless variant starts one
  // beforehand, to see that its model can be loaded; in service it needs none.
  int needed(const EndpointGeneration& generation, const EndpointVariant& variant) const {
    if (!variant.asked.serverless) return variant.instances;
    const bool on_its_way = endpoint_.next && generation.number == endpoint_.next->number;
    return on_its_way || variant.asked.serverless->provisioned > 0 ? 1 : 0;
  }

  // So many shall run.
  int wanted(const EndpointGeneration& generation, const EndpointVariant& variant,
             bool some_live) const {
    const int least = needed(generation, variant);
    if (!variant.asked.serverless || least > 0) return least;
    const auto found = std::ranges::find(demands_, variant.asked.name, &VariantDemand::variant);
    if (found == demands_.end() || found->need == VariantNeed::kNothing) return 0;
    return found->need == VariantNeed::kInstance || some_live ? 1 : 0;
  }

  bool is_whole(const EndpointGeneration& generation) const {
    return std::ranges::all_of(generation.variants, [&](const EndpointVariant& variant) {
      const auto ready = std::ranges::count_if(of(generation, variant), [](const auto* view) {
        return view->state == InstanceState::kReady;
      });
      return ready >= needed(generation, variant);
    });
  }

  // Why the generation cannot be brought up, by its instances that were begun at `from` or later.
  std::optional<std::string> failure_in(const EndpointGeneration& generation,
                                        TimePoint from) const {
    for (const EndpointVariant& variant : generation.variants) {
      int faults = 0;
      for (const InstanceView* view : of(generation, variant)) {
        if (view->begun < from) continue;
        const bool died = view->state == InstanceState::kBroken ||
                          (view->state == InstanceState::kEnded && !view->asked);
        if (died && (!view->machine_fault || ++faults > kMachineFaults)) return failure_of(*view);
        if (view->state == InstanceState::kStarting && is_overdue(*view, variant, now_))
          return failure_of(*view);
      }
    }
    return std::nullopt;
  }

  bool lives_of(std::uint64_t generation) const {
    return std::ranges::any_of(instances_, [&](const InstanceView& view) {
      return view.id.generation == generation && view.state != InstanceState::kEnded;
    });
  }

  Endpoint in_status(EndpointStatus status, std::string reason) const {
    Endpoint record = endpoint_;
    record.status = status;
    record.failure_reason = std::move(reason);
    return record;
  }

  std::optional<Endpoint> next_record() const {
    switch (endpoint_.status) {
      case EndpointStatus::kCreating:
      case EndpointStatus::kUpdating:
        return endpoint_.next ? brought_up() : resized();
      case EndpointStatus::kRollingBack:
        return rolled_back();
      default:
        return std::nullopt;
    }
  }

  std::optional<Endpoint> brought_up() const {
    if (auto reason = failure_in(*endpoint_.next, endpoint_.next->begun)) {
      return in_status(endpoint_.serving ? EndpointStatus::kRollingBack : EndpointStatus::kFailed,
                       *std::move(reason));
    }
    if (!is_whole(*endpoint_.next)) return std::nullopt;
    Endpoint record = in_status(EndpointStatus::kInService, "");
    record.serving = std::move(record.next);
    record.next.reset();
    return record;
  }

  // Of UpdateEndpointWeightsAndCapacities. What fails then is tried on, in service.
  std::optional<Endpoint> resized() const {
    if (!endpoint_.serving) return in_status(EndpointStatus::kFailed, "It has no configuration");
    if (is_whole(*endpoint_.serving)) return in_status(EndpointStatus::kInService, "");
    if (auto reason = failure_in(*endpoint_.serving, endpoint_.modified))
      return in_status(EndpointStatus::kInService, *std::move(reason));
    return std::nullopt;
  }

  // The number of the generation that failed may be given again: nothing of it lives on.
  std::optional<Endpoint> rolled_back() const {
    if (endpoint_.next && lives_of(endpoint_.next->number)) return std::nullopt;
    Endpoint record =
        in_status(endpoint_.serving ? EndpointStatus::kInService : EndpointStatus::kFailed,
                  endpoint_.failure_reason);
    if (record.serving) record.next.reset();
    return record;
  }

  void act() {
    if (endpoint_.status == EndpointStatus::kDeleting ||
        endpoint_.status == EndpointStatus::kFailed)
      return end_all();
    if (endpoint_.serving) keep_up(*endpoint_.serving);
    if (is_brought_up()) keep_up(*endpoint_.next);
    for (const InstanceView& view : instances_) {
      if (!is_live(view.state) && view.state != InstanceState::kBroken) continue;
      if (is_wanted(view.id)) continue;
      const bool called =
          view.state == InstanceState::kReady || view.state == InstanceState::kUnready;
      stop(view, !called || endpoint_.status == EndpointStatus::kRollingBack);
    }
  }

  void end_all() {
    bool left = false;
    for (const InstanceView& view : instances_) {
      left = left || view.state != InstanceState::kEnded;
      if (is_live(view.state) || view.state == InstanceState::kBroken) stop(view, true);
    }
    plan_.remove = !left && endpoint_.status == EndpointStatus::kDeleting;
  }

  bool is_wanted(const InstanceId& id) const {
    const auto in = [&](const EndpointGeneration& generation) {
      return generation.number == id.generation && variant_in(generation, id.variant) != nullptr;
    };
    return (endpoint_.serving && in(*endpoint_.serving)) ||
           (is_brought_up() && in(*endpoint_.next));
  }

  void stop(const InstanceView& view, bool at_once) {
    plan_.stop.push_back({.id = view.id, .at_once = at_once});
    std::erase(plan_.calls, view.id);
  }

  void keep_up(const EndpointGeneration& generation) {
    for (const EndpointVariant& variant : generation.variants) {
      const std::vector<const InstanceView*> all = of(generation, variant);
      std::vector<const InstanceView*> live;
      for (const InstanceView* view : all) {
        if (view->state == InstanceState::kBroken ||
            (is_live(view->state) && is_overdue(*view, variant, now_))) {
          stop(*view, true);
        } else if (is_live(view->state)) {
          live.push_back(view);
        }
      }
      const int count = wanted(generation, variant, !live.empty());
      stop_surplus(live, count);
      for (const InstanceView* view : live) {
        if (!view->whole) plan_.start.push_back(view->id);
      }
      const int missing = count - static_cast<int>(live.size());
      if (missing > 0 && may_start(all, count)) {
        int number = all.empty() ? 0 : all.back()->id.number;
        for (int i = 0; i < missing; ++i)
          plan_.start.push_back({generation.number, variant.asked.name, ++number});
      }
    }
  }

  // Those that are not ready first, of these the newest; removed from `live`.
  void stop_surplus(std::vector<const InstanceView*>& live, int wanted) {
    std::ranges::stable_sort(live, std::less(), [](const InstanceView* view) {
      return std::pair(view->state != InstanceState::kReady, view->id.number);
    });
    while (live.size() > static_cast<std::size_t>(std::max(wanted, 0))) {
      stop(*live.back(), live.back()->state == InstanceState::kStarting);
      live.pop_back();
    }
  }

  bool may_start(const std::vector<const InstanceView*>& all, int wanted) const {
    std::optional<TimePoint> last;
    int early = 0;
    bool in_a_row = true;
    for (auto at = all.rbegin(); at != all.rend(); ++at) {
      const InstanceView& view = **at;
      if (is_live(view.state) || view.asked) continue;
      last = std::max(last.value_or(view.since), view.since);
      in_a_row = in_a_row && view.since - view.begun < kShortLife;
      if (in_a_row) ++early;
    }
    return !last || now_ - *last >= replacement_pause(early / std::max(wanted, 1));
  }

  void choose_calls() {
    if (!takes_calls()) return;
    for (const EndpointVariant& variant : endpoint_.serving->variants) {
      const std::vector<const InstanceView*> all = of(*endpoint_.serving, variant);
      const auto add = [&](InstanceState state) {
        const std::size_t before = plan_.calls.size();
        for (const InstanceView* view : all) {
          if (view->state == state) plan_.calls.push_back(view->id);
        }
        return plan_.calls.size() > before;
      };
      if (!add(InstanceState::kReady)) add(InstanceState::kUnready);
    }
  }

  const Endpoint& endpoint_;
  std::span<const InstanceView> instances_;
  TimePoint now_;
  std::span<const VariantDemand> demands_;
  EndpointPlan plan_;
};

}  // namespace

bool is_live(InstanceState state) {
  return state == InstanceState::kStarting || state == InstanceState::kReady ||
         state == InstanceState::kUnready;
}

Duration replacement_pause(int early_deaths) {
  Duration pause = kFirstPause;
  for (int i = 1; i < early_deaths && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

EndpointPlan plan(const Endpoint& endpoint, std::span<const InstanceView> instances, TimePoint now,
                  std::span<const VariantDemand> demands) {
  return Planner(endpoint, instances, now, demands).make();
}

}  // namespace clary::hosting
