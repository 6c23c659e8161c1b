#include "runtime/gang_watch.h"

#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include "runtime/gang_effects.h"

namespace clary::runtime {

using domain::Job;
using domain::Phase;

namespace {

// A host that has ended had its last record acknowledged before; after a restart of the server the
// record may still be read.
constexpr Duration kPatience = std::chrono::seconds(5);

// The stop came before the host listened to signals.
constexpr int kEndedBySigterm = 128 + SIGTERM;

const std::vector<Phase> kLive = {Phase::kPending,  Phase::kStarting,  Phase::kDownloading,
                                  Phase::kTraining, Phase::kUploading, Phase::kStopping};

}  // namespace

Status GangWatch::look() {
  domain::JobQuery query{.phases = kLive, .limit = 1000};
  std::map<GangId, Seen> still;
  do {
    CLARY_TRY(const domain::JobPage page, parts_.jobs.list(query));
    for (const Job& job : page.jobs) {
      if (job.gang_handle.empty()) continue;  // its effect is unfinished
      Seen seen = std::move(seen_[job.gang]);
      if (const Status looked = look_at(job, seen); !looked.ok()) {
        parts_.logger.warning("a gang could not be looked at",
                              {{"job", job.name.value()}, {"error", looked.error().message}});
      }
      still.emplace(job.gang, std::move(seen));
    }
    query.after = page.next;
  } while (!query.after.empty());
  seen_ = std::move(still);
  return {};
}

Status GangWatch::look_at(const Job& job, Seen& seen) {
  CLARY_TRY(const compute::GangHandle handle, parse_handle(job.gang_handle));
  CLARY_TRY(const compute::GangStatus status, parts_.backend.inspect(handle));
  switch (status.state) {
    case compute::GangState::kQueued:
      if (is_pending_too_long(job)) return stop_pending(job);
      if (status.reason.empty() || status.reason == seen.waiting_for) return {};
      return tell_waiting(job, status.reason, seen);
    case compute::GangState::kRunning:
      return renew(job, seen);
    case compute::GangState::kEnded:
      if (job.phase == Phase::kStopping && !status.exit_code) return stopped(job);
      if (!seen.ended) seen.ended = parts_.clock.now();
      if (parts_.clock.now() < *seen.ended + kPatience) return {};
      if (job.phase == Phase::kStopping && status.exit_code == kEndedBySigterm) return stopped(job);
      return lose(job, "host lost: the host ended without a word, exit code: " +
                           std::to_string(status.exit_code.value_or(0)));
    case compute::GangState::kRefused:
      return lose(job, status.reason);
    case compute::GangState::kLost:
    case compute::GangState::kUnknown:
      return lose(
          job, "host lost: " + (status.reason.empty() ? "its processes are gone" : status.reason));
  }
  return {};
}

Status GangWatch::tell_waiting(const Job& job, const std::string& reason, Seen& seen) {
  const std::string sentence = "The job " + reason;
  if (seen.waiting_for.empty()) {  // an earlier server may have said it
    CLARY_TRY(const std::vector<domain::JobEvent> events, parts_.jobs.events(job.kind, job.name));
    seen.waiting_for = reason;
    if (!events.empty() && events.back().message == sentence) return {};
  }
  seen.waiting_for = reason;
  return parts_.changes.note(job.key(), {.gang = job.gang, .notices = {sentence}});
}

bool GangWatch::is_pending_too_long(const Job& job) const {
  if (job.spec.max_pending_seconds <= 0 || job.phase == Phase::kStopping) return false;
  const TimePoint since = job.attempt == 1 ? job.created : job.modified;
  return parts_.clock.now() >= since + std::chrono::seconds(job.spec.max_pending_seconds);
}

// Source: AWS, StoppingCondition: "can be pending before it is stopped".
Status GangWatch::stop_pending(const Job& job) {
  CLARY_RETURN_IF_ERROR(parts_.changes.apply(job.key(),
                                             {.kind = domain::JobEventKind::kStopRequested,
                                              .stop_reason = domain::StopReason::kMaxPending},
                                             {.gang = job.gang}));
  return {};
}

Status GangWatch::stopped(const Job& job) {
  CLARY_RETURN_IF_ERROR(parts_.changes.apply(
      job.key(), {.kind = domain::JobEventKind::kHostStopped}, {.gang = job.gang}));
  return {};
}

Status GangWatch::lose(const Job& job, std::string reason) {
  const domain::JobInput input{.kind = domain::JobEventKind::kHostLost,
                               .message = "InternalServerError: " + std::move(reason)};
  CLARY_RETURN_IF_ERROR(parts_.changes.apply(job.key(), input, {.gang = job.gang}));
  return {};
}

Status GangWatch::renew(const Job& job, Seen& seen) {
  if (!parts_.send_credentials) return {};
  CLARY_TRY(const hostlink::PlanCredentials current, parts_.credentials.current(job));
  if (current.access_key == seen.sent_key) return {};
  Status sent = parts_.send_credentials(job.gang, hostlink::kFirstHost, current);
  if (sent.ok()) seen.sent_key = current.access_key;
  if (!sent.ok() && sent.error().code != ErrorCode::kUnavailable) return sent;
  return {};
}

}  // namespace clary::runtime
