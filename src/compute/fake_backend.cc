#include "compute/fake_backend.h"

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
  const TimePoint begun = entry.submitted + entry.behaviour.wait_for;
  if (entry.stopped && now >= *entry.stopped + entry.behaviour.stop_takes)
    return *entry.stopped < begun
               ? GangStatus{.state = GangState::kEnded, .reason = "stopped before it started"}
               : GangStatus{.state = GangState::kEnded,
                            .exit_code = entry.behaviour.stop_exit_code};
  if (!entry.behaviour.refusal.empty())
    return {.state = GangState::kRefused, .reason = entry.behaviour.refusal};
  if (now < begun) return {.state = GangState::kQueued, .reason = "waiting for a core"};
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
    entry.behaviour = cluster_.behaviour_;
    entry.submitted = cluster_.clock_.now();
    entry.stopped.reset();
    entry.there = true;
    ++entry.starts;
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
  if (found != cluster_.gangs_.end()) found->second.there = false;
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
