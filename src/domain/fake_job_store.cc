#include "domain/fake_job_store.h"

#include <algorithm>
#include <compare>

#include "base/strings.h"

namespace clary::domain {
namespace {

Error absent(const JobName& name) { return not_found("job '" + name.value() + "': not there"); }

bool matches(const Job& job, const JobQuery& query) {
  if (query.kind && job.kind != *query.kind) return false;
  if (!query.phases.empty() && std::ranges::find(query.phases, job.phase) == query.phases.end())
    return false;
  if (query.stop_reason && job.stop_reason != *query.stop_reason) return false;
  if (job.name->find(query.name_contains) == std::string::npos) return false;
  if (query.created_after && job.created <= *query.created_after) return false;
  if (query.created_before && job.created > *query.created_before) return false;
  if (query.modified_after && job.modified <= *query.modified_after) return false;
  if (query.modified_before && job.modified > *query.modified_before) return false;
  return true;
}

std::strong_ordering compare(const Job& a, const Job& b, JobOrder order) {
  if (order == JobOrder::kCreationTime && a.created != b.created) return a.created <=> b.created;
  if (order == JobOrder::kStatus && status_rank(a.phase) != status_rank(b.phase)) {
    return status_rank(a.phase) <=> status_rank(b.phase);
  }
  return a.name <=> b.name;
}

}  // namespace

void FakeJobStore::set_broken(bool broken) {
  MutexLock lock(mutex_);
  broken_ = broken;
}

Status FakeJobStore::writable() const {
  if (broken_) return unavailable("job store: told to fail");
  return {};
}

void FakeJobStore::append(Entry& entry, const JobChange& change) {
  for (JobEvent event : change.events) {
    event.number = entry.events.size() + 1;
    entry.events.push_back(std::move(event));
  }
  for (Effect effect : change.effects) {
    effect.id = next_effect_++;
    effects_.emplace(effect.id, std::move(effect));
  }
  if (change.effect_done) effects_.erase(*change.effect_done);
  if (change.record_taken) records_[change.record_taken->first] = change.record_taken->second;
}

Status FakeJobStore::create(const JobChange& change, const std::vector<Tag>& tags) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  const auto [place, made] =
      jobs_.try_emplace({change.job.kind, change.job.name}, Entry{.job = change.job, .events = {}});
  if (!made) return already_exists("job '" + change.job.name.value() + "': there already");
  place->second.job.version = 1;
  append(place->second, change);
  for (const Tag& tag : tags) tags_[to_lower(change.job.arn.value())][tag.key] = tag.value;
  return {};
}

Status FakeJobStore::commit(const JobChange& change) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  const auto found = jobs_.find({change.job.kind, change.job.name});
  if (found == jobs_.end()) return absent(change.job.name);
  if (change.record_taken && records_[change.record_taken->first] >= change.record_taken->second) {
    return already_exists("job '" + change.job.name.value() + "': the record was taken before");
  }
  Entry& entry = found->second;
  if (entry.job.version != change.job.version) {
    return conflict("job '" + change.job.name.value() + "': it has changed meanwhile");
  }
  entry.job = change.job;
  ++entry.job.version;
  append(entry, change);
  return {};
}

Result<Job> FakeJobStore::find(JobKind kind, const JobName& name) {
  MutexLock lock(mutex_);
  const auto found = jobs_.find({kind, name});
  if (found == jobs_.end()) return absent(name);
  return found->second.job;
}

Result<Job> FakeJobStore::find_by_gang(const GangId& gang) {
  MutexLock lock(mutex_);
  for (const auto& [key, entry] : jobs_) {
    if (entry.job.gang == gang) return entry.job;
  }
  return not_found("gang '" + gang.value() + "': no job has it");
}

// The token is the name of the last job of the page; a job that was removed or moved meanwhile
// cannot be found again.
Result<JobPage> FakeJobStore::list(const JobQuery& query) {
  MutexLock lock(mutex_);
  std::vector<Job> found;
  for (const auto& [key, entry] : jobs_) {
    if (matches(entry.job, query)) found.push_back(entry.job);
  }
  std::ranges::sort(found, [&query](const Job& a, const Job& b) {
    const auto order = compare(a, b, query.order);
    return query.descending ? order > 0 : order < 0;
  });
  auto first = found.begin();
  if (!query.after.empty()) {
    first = std::ranges::find(found, JobName(query.after), &Job::name);
    if (first == found.end())
      return invalid_argument("'" + query.after + "' is not a page of this list");
    ++first;
  }
  JobPage page;
  for (; first != found.end() && page.jobs.size() < query.limit; ++first)
    page.jobs.push_back(*first);
  if (first != found.end() && !page.jobs.empty()) page.next = page.jobs.back().name.value();
  return page;
}

Result<std::map<Phase, std::uint64_t>> FakeJobStore::count_by_phase(
    std::span<const JobKind> kinds) {
  MutexLock lock(mutex_);
  std::map<Phase, std::uint64_t> counts;
  for (const auto& [key, entry] : jobs_) {
    if (std::ranges::find(kinds, key.first) != kinds.end()) ++counts[entry.job.phase];
  }
  return counts;
}

Result<std::vector<JobEvent>> FakeJobStore::events(JobKind kind, const JobName& name) {
  MutexLock lock(mutex_);
  const auto found = jobs_.find({kind, name});
  if (found == jobs_.end()) return absent(name);
  return found->second.events;
}

Result<std::vector<Effect>> FakeJobStore::unfinished_effects() {
  MutexLock lock(mutex_);
  std::vector<Effect> effects;
  effects.reserve(effects_.size());
  for (const auto& [id, effect] : effects_) effects.push_back(effect);
  return effects;
}

Status FakeJobStore::finish_effect(std::uint64_t id) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  effects_.erase(id);
  return {};
}

Result<std::uint64_t> FakeJobStore::last_record(const std::string& source) {
  MutexLock lock(mutex_);
  const auto found = records_.find(source);
  return found == records_.end() ? 0 : found->second;
}

Status FakeJobStore::take_record(const std::string& source, std::uint64_t number) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  records_[source] = std::max(records_[source], number);
  return {};
}

Result<std::vector<Tag>> FakeJobStore::tags(const Arn& resource) {
  MutexLock lock(mutex_);
  std::vector<Tag> tags;
  for (const auto& [key, value] : tags_[to_lower(resource.value())])
    tags.push_back({.key = key, .value = value});
  return tags;
}

Status FakeJobStore::add_tags(const Arn& resource, const std::vector<Tag>& tags) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  for (const Tag& tag : tags) tags_[to_lower(resource.value())][tag.key] = tag.value;
  return {};
}

Status FakeJobStore::remove_tags(const Arn& resource, const std::vector<std::string>& keys) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  for (const std::string& key : keys) tags_[to_lower(resource.value())].erase(key);
  return {};
}

Status FakeJobStore::clear() {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  jobs_.clear();
  effects_.clear();
  records_.clear();
  tags_.clear();
  return {};
}

}  // namespace clary::domain
