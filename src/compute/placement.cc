#include "compute/placement.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>

#include "base/strings.h"

namespace clary::compute {
namespace {

class FreeResources {
 public:
  explicit FreeResources(const PlacementSnapshot& snapshot)
      : machine_(snapshot.machine), free_(snapshot.machine), cpus_(snapshot.cpus) {
    for (int gpu = 0; gpu < machine_.gpus; ++gpu) gpus_.push_back(gpu);
    for (const PlacedGang& gang : snapshot.running) take(gang);
  }

  void take(const PlacedGang& gang) {
    free_.cores -= gang.total.cores;
    free_.gpus -= gang.total.gpus;
    free_.memory_bytes -= std::min(free_.memory_bytes, gang.total.memory_bytes);
    for (const int gpu : gang.gpus) std::erase(gpus_, gpu);
    for (const int cpu : gang.cpus) std::erase(cpus_, cpu);
  }

  PlacedGang grant(const Resources& total) const {
    PlacedGang placed{total, {gpus_.begin(), gpus_.begin() + total.gpus}, {}};
    // Fewer are left where gangs of an earlier server were not kept to some.
    if (static_cast<int>(cpus_.size()) >= total.cores)
      placed.cpus.assign(cpus_.begin(), cpus_.begin() + total.cores);
    return placed;
  }

  // What is missing, for people; "" when nothing is.
  std::string missing(const Resources& wanted) const {
    const auto count = [](int missing, int wanted_count, const char* unit) {
      return "waits for " + std::to_string(missing) + " of " + std::to_string(wanted_count) + " " +
             unit;
    };
    if (wanted.cores > free_.cores) return count(wanted.cores - free_.cores, wanted.cores, "cores");
    if (wanted.gpus > static_cast<int>(gpus_.size())) {
      return count(wanted.gpus - static_cast<int>(gpus_.size()), wanted.gpus, "GPUs");
    }
    if (wanted.memory_bytes > free_.memory_bytes) {
      return "waits for " + format_bytes(wanted.memory_bytes - free_.memory_bytes) + " of " +
             format_bytes(wanted.memory_bytes) + " of memory";
    }
    return "";
  }

 private:
  Resources machine_;
  Resources free_;
  std::vector<int> gpus_;
  std::vector<int> cpus_;
};

Resources total_of(const WaitingGang& gang, const Resources& machine) {
  Resources total{.cores = 0};
  for (const Resources& host : gang.hosts) {
    const Resources cut = fitted(host, machine);
    total.cores += cut.cores;
    total.gpus += cut.gpus;
    total.memory_bytes += cut.memory_bytes;
  }
  return fitted(total, machine);
}

bool is_nothing(const Resources& resources) { return resources == Resources{.cores = 0}; }

}  // namespace

WaitingGang what_waits(const GangSpec& gang) {
  WaitingGang wants{.hosts = {}, .preemptible = gang.preemptible};
  for (const GangHost& host : gang.hosts) wants.hosts.push_back(host.resources);
  return wants;
}

bool comes_before(const GangSpec& a, const GangSpec& b) {
  return std::tuple(-static_cast<std::int64_t>(a.priority), a.asked, std::string_view(*a.id)) <
         std::tuple(-static_cast<std::int64_t>(b.priority), b.asked, std::string_view(*b.id));
}

std::vector<PlacementDecision> place(const PlacementSnapshot& snapshot) {
  FreeResources free(snapshot);
  std::vector<PlacementDecision> decisions(snapshot.waiting.size());
  bool somebody_waits = false;
  for (const bool preemptible : {false, true}) {
    for (std::size_t i = 0; i < snapshot.waiting.size(); ++i) {
      if (snapshot.waiting[i].preemptible != preemptible) continue;
      PlacementDecision& decision = decisions[i];
      const Resources total = total_of(snapshot.waiting[i], snapshot.machine);
      if (is_nothing(total)) {
        decision = {.starts = true, .placed = {.total = total}};
        continue;
      }
      decision.reason = somebody_waits ? "waits for the jobs before it" : free.missing(total);
      somebody_waits = !decision.reason.empty();
      if (somebody_waits) continue;
      decision.starts = true;
      decision.placed = free.grant(total);
      free.take(decision.placed);
    }
  }
  return decisions;
}

}  // namespace clary::compute
