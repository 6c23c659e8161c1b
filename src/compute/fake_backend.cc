#include "compute/fake_backend.h"

#include <algorithm>

namespace clary::compute {
namespace {

GangHandle handle_of(const GangId& gang) {
  return {.backend = "fake", .version = 1, .bytes = gang.value()};
}

}  // namespace

void FakeCluster::behave(FakeGang gang) {
  MutexLock lock(mutex_);
  behaviour_ = std::move(gang);
}

void FakeCluster::limit(Resources machine) {
  MutexLock lock(mutex_);
  machine_ = machine;
}

std::vector<GangId> FakeCluster::began() const {
  MutexLock lock(mutex_);
  return began_;
}

void FakeCluster::advance() {
  if (!machine_) return;
  PlacementSnapshot snapshot{.machine = *machine_};
  std::vector<Entry*> waiting;
  for (auto& [id, entry] : gangs_) {
    if (!entry.there) continue;
    const GangState state = status(entry).state;
    if (state == GangState::kQueued) waiting.push_back(&entry);
    if (state == GangState::kRunning) snapshot.running.push_back(entry.placed);
  }
  std::ranges::sort(waiting, comes_before,
                    [](const Entry* entry) -> const GangSpec& { return entry->spec; });
  for (const Entry* entry : waiting) snapshot.waiting.push_back(what_waits(entry->spec));
  const std::vector<PlacementDecision> decisions = place(snapshot);
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    waiting[i]->waits_for = decisions[i].reason;
    if (!decisions[i].starts) continue;
    waiting[i]->placed = decisions[i].placed;
    waiting[i]->begins = clock_.now();
    began_.push_back(waiting[i]->spec.id);
  }
}

int FakeCluster::starts(const GangId& gang) const {
  MutexLock lock(mutex_);
  const auto found = gangs_.find(gang);
  return found == gangs_.end() ? 0 : found->second.starts;
}

int FakeCluster::starts() const {
  MutexLock lock(mutex_);
  int all = 0;
  for (const auto& [id, entry] : gangs_) all += entry.starts;
  return all;
}

int FakeCluster::stops(const GangId& gang) const {
  MutexLock lock(mutex_);
  const auto found = gangs_.find(gang);
  return found == gangs_.end() ? 0 : found->second.stops;
}

bool FakeCluster::runs(const GangId& gang) const {
  MutexLock lock(mutex_);
  const auto found = gangs_.find(gang);
  return found != gangs_.end() && found->second.there &&
         status(found->second).state == GangState::kRunning;
}

bool FakeCluster::knows(const GangId& gang) const {
  MutexLock lock(mutex_);
  const auto found = gangs_.find(gang);
  return found != gangs_.end() && found->second.there;
}

GangStatus FakeCluster::status(const Entry& entry) const {
  const TimePoint now = clock_.now();
  const TimePoint begun = entry.begins.value_or(TimePoint::max());
  if (entry.stopped && now >= *entry.stopped + entry.behaviour.stop_takes)
    return *entry.stopped < begun
               ? GangStatus{.state = GangState::kEnded, .reason = "stopped before it started"}
               : GangStatus{.state = GangState::kEnded,
                            .exit_code = entry.behaviour.stop_exit_code};
  if (!entry.behaviour.refusal.empty())
    return {.state = GangState::kRefused, .reason = entry.behaviour.refusal};
  if (now < begun) return {.state = GangState::kQueued, .reason = entry.waits_for};
  if (entry.behaviour.lose_after && now >= begun + *entry.behaviour.lose_after) {
    return {.state = GangState::kLost, .reason = "told to get lost"};
  }
  if (now >= begun + entry.behaviour.run_for)
    return {.state = GangState::kEnded, .exit_code = entry.behaviour.exit_code};
  return {.state = GangState::kRunning};
}

Result<GangHandle> FakeBackend::submit(const GangSpec& gang) {
  MutexLock lock(cluster_.mutex_);
  FakeCluster::Entry& entry = cluster_.gangs_[gang.id];
  if (entry.starts == 0 || !entry.there) {
    if (cluster_.behaviour_.start_error) {
      const Error error = *cluster_.behaviour_.start_error;
      if (entry.starts == 0) cluster_.gangs_.erase(gang.id);
      return error;
    }
    entry.spec = gang;
    entry.behaviour = cluster_.behaviour_;
    entry.begins.reset();
    if (!cluster_.machine_) entry.begins = cluster_.clock_.now() + entry.behaviour.wait_for;
    entry.waits_for = "waits for a core";
    entry.stopped.reset();
    entry.there = true;
    ++entry.starts;
    cluster_.advance();
  }
  return handle_of(gang.id);
}

Result<GangHandle> FakeBackend::find(const GangId& gang) {
  if (!cluster_.knows(gang)) return not_found("gang '" + gang.value() + "': no such gang");
  return handle_of(gang);
}

Result<GangStatus> FakeBackend::inspect(const GangHandle& handle) {
  MutexLock lock(cluster_.mutex_);
  if (handle.backend != "fake")
    return invalid_argument("back-end 'fake': the handle is of '" + handle.backend + "'");
  const auto found = cluster_.gangs_.find(GangId(handle.bytes));
  if (found == cluster_.gangs_.end() || !found->second.there) return GangStatus{};
  return cluster_.status(found->second);
}

Status FakeBackend::stop(const GangHandle& handle, Duration) {
  MutexLock lock(cluster_.mutex_);
  const auto found = cluster_.gangs_.find(GangId(handle.bytes));
  if (found == cluster_.gangs_.end() || !found->second.there) return {};
  ++found->second.stops;
  if (!found->second.stopped) found->second.stopped = cluster_.clock_.now();
  return {};
}

Status FakeBackend::remove(const GangHandle& handle) {
  MutexLock lock(cluster_.mutex_);
  const auto found = cluster_.gangs_.find(GangId(handle.bytes));
  if (found == cluster_.gangs_.end()) return {};
  found->second.there = false;
  cluster_.advance();
  return {};
}

Result<std::vector<GangId>> FakeBackend::list() {
  MutexLock lock(cluster_.mutex_);
  std::vector<GangId> gangs;
  for (const auto& [id, entry] : cluster_.gangs_) {
    if (entry.there) gangs.push_back(id);
  }
  return gangs;
}

Capabilities FakeBackend::capabilities() const {
  return {.name = "fake", .total = {.cores = 8, .memory_bytes = 16ULL << 30}};
}

}  // namespace clary::compute
