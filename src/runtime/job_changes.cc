#include "runtime/job_changes.h"

#include <algorithm>

namespace clary::runtime {

using domain::Job;
using domain::JobChange;
using domain::JobEvent;

namespace {

constexpr int kChangeAttempts = 50;

JobEvent notice_event(std::string message, TimePoint time) {
  return {.time = time, .phase = std::nullopt, .message = std::move(message)};
}

bool changes_nothing(const JobChange& change) {
  return change.events.empty() && change.effects.empty() && !change.effect_done &&
         !change.record_taken;
}

}  // namespace

JobChanges::JobChanges(domain::JobStore& jobs, const Clock& clock, Failpoints& failpoints)
    : jobs_(jobs), clock_(clock), failpoints_(failpoints) {}

Result<Job> JobChanges::create(Job job, const std::vector<domain::Tag>& tags,
                               const std::vector<std::string>& notices) {
  const TimePoint now = clock_.now();
  JobChange change = domain::begin(std::move(job), now);
  for (const std::string& line : notices) change.events.push_back(notice_event(line, now));
  add_hooks(change);
  failpoints_.at("before-commit", "create");
  CLARY_RETURN_IF_ERROR(jobs_.create(change, tags));
  failpoints_.at("after-commit", "create");
  if (observer_) observer_();
  return change.job;
}

Result<Job> JobChanges::apply(const domain::JobKey& key, const domain::JobInput& input,
                              const ChangeOrigin& origin) {
  return change(key, domain::job_event_name(input.kind), origin,
                [&input](const Job& job, TimePoint now) { return domain::step(job, input, now); });
}

Result<Job> JobChanges::amend(const domain::JobKey& key, const std::vector<std::string>& notices,
                              const std::function<Status(Job&)>& amendment) {
  return change(key, "amend", {.notices = notices},
                [&](const Job& job, TimePoint now) -> Result<JobChange> {
                  JobChange change{.job = job};
                  CLARY_RETURN_IF_ERROR(amendment(change.job));
                  change.job.modified = std::max(now, job.modified);
                  change.events.push_back(notice_event("The job was updated", change.job.modified));
                  return change;
                });
}

void JobChanges::add_hooks(JobChange& change) const {
  if (!hook_text_) return;
  for (const JobEvent& event : change.events) {
    if (!event.phase) continue;
    change.effects.push_back({.job = change.job.key(),
                              .kind = domain::EffectKind::kTellHook,
                              .gang = change.job.gang,
                              .text = hook_text_(change.job, event)});
  }
}

Status JobChanges::note(const domain::JobKey& key, const ChangeOrigin& origin) {
  CLARY_RETURN_IF_ERROR(
      change(key, "note", origin,
             [](const Job& job, TimePoint) -> Result<JobChange> { return JobChange{.job = job}; }));
  return {};
}

Result<Job> JobChanges::change(const domain::JobKey& key, std::string_view event,
                               const ChangeOrigin& origin, const Step& step) {
  for (int attempt = 0; attempt < kChangeAttempts; ++attempt) {
    CLARY_TRY(const Job job, jobs_.find(key.kind, key.name));
    const TimePoint now = clock_.now();
    const TimePoint time = std::min(now, origin.time.value_or(now));
    JobChange change{.job = job};
    if (!origin.gang || *origin.gang == job.gang) {
      CLARY_TRY(change, step(job, time));
      std::vector<JobEvent> notices;
      notices.reserve(origin.notices.size());
      for (const std::string& line : origin.notices)
        notices.push_back(notice_event(line, std::max(time, job.modified)));
      change.events.insert(change.events.begin(), notices.begin(), notices.end());
    }
    change.effect_done = origin.effect;
    change.record_taken = origin.record;
    add_hooks(change);
    if (changes_nothing(change)) return job;
    if (before_end_ && is_terminal(change.job.phase) && !is_terminal(job.phase)) {
      CLARY_RETURN_IF_ERROR(before_end_(job.gang));
    }
    failpoints_.at("before-commit", event);
    const Status committed = jobs_.commit(change);
    if (committed.ok()) {
      failpoints_.at("after-commit", event);
      if (observer_) observer_();
      ++change.job.version;
      return change.job;
    }
    if (committed.error().code == ErrorCode::kAlreadyExists && origin.record) return job;
    if (committed.error().code != ErrorCode::kConflict) return committed.error();
  }
  return unavailable("job '" + key.name.value() + "': it changed all the time; try again");
}

}  // namespace clary::runtime
