#include "runtime/gang_effects.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/document.h"
#include "base/json.h"
#include "base/time_text.h"

namespace clary::runtime {

using domain::Effect;
using domain::EffectKind;
using domain::Job;
using domain::JobEventKind;

namespace {

// A host that has said how its job ended tidies up and ends by itself; then it is removed by force.
constexpr Duration kTidyUp = std::chrono::seconds(15);

// The host gives the script its grace by its own plan; this is for back-ends that enforce it too.
constexpr Duration kStopGrace = std::chrono::seconds(120);

}  // namespace

std::string_view telemetry_space(domain::JobKind kind) {
  switch (kind) {
    case domain::JobKind::kTraining:
      return "/aws/sagemaker/TrainingJobs";
    case domain::JobKind::kProcessing:
      return "/aws/sagemaker/ProcessingJobs";
    case domain::JobKind::kServing:
      return "/aws/sagemaker/Endpoints";
    case domain::JobKind::kTransform:
      return "/aws/sagemaker/TransformJobs";
  }
  return "";
}

LogGroup log_group_of(const Job& job) {
  std::string group(telemetry_space(job.kind));
  if (job.spec.place) group += "/" + job.spec.place->endpoint.value();
  return LogGroup(std::move(group));
}

LogStream log_stream_of(const Job& job, std::string_view host) {
  if (job.spec.place) {
    const domain::ServingPlace& place = *job.spec.place;
    std::string stream = place.variant + "/" + place.endpoint_id + "-" +
                         std::to_string(place.generation) + "-" + std::to_string(place.instance);
    std::string container = job.spec.model.hostname;
    if (container.empty() && place.container > 0)
      container = "container-" + std::to_string(place.container + 1);
    return LogStream(container.empty() ? stream : stream + "/" + container);
  }
  return LogStream(job.name.value() + "/" + std::string(host) + "-" +
                   std::to_string(to_epoch_milliseconds(job.created) / 1000));
}

std::string handle_text(const compute::GangHandle& handle) {
  return to_json(Document::object(
      {{"backend", handle.backend}, {"version", handle.version}, {"bytes", handle.bytes}}));
}

Result<compute::GangHandle> parse_handle(std::string_view text) {
  CLARY_TRY(const Document document, parse_json(text));
  return compute::GangHandle{.backend = document.string_or("backend", ""),
                             .version = static_cast<int>(document.int_or("version", 1)),
                             .bytes = document.string_or("bytes", "")};
}

Result<Progress> GangEffects::carry_out(const Effect& effect) {
  if (effect.kind == EffectKind::kTellHook) return tell(effect);
  auto job = parts_.jobs.find(effect.job.kind, effect.job.name);
  if (!job.ok()) {
    if (job.error().code != ErrorCode::kNotFound) return job.error();
    return finish(effect);
  }
  if (job->gang != effect.gang) {  // of an earlier attempt
    if (effect.kind == EffectKind::kRemoveGang) CLARY_RETURN_IF_ERROR(end_gang(effect.gang));
    return finish(effect);
  }
  switch (effect.kind) {
    case EffectKind::kSubmitGang:
      return submit(effect, *job);
    case EffectKind::kStopGang:
      return stop(effect, *job);
    case EffectKind::kRemoveGang:
      return remove(effect, *job);
    case EffectKind::kTellHook:
      break;  // told above: it needs no gang
  }
  return finish(effect);
}

Result<Progress> GangEffects::tell(const Effect& effect) {
  bool command_told = false;
  {
    MutexLock lock(mutex_);
    command_told = commands_told_.contains(effect.id);
  }
  const Status told = parts_.hook.tell(effect.text, command_told);
  if (command_told) {
    MutexLock lock(mutex_);
    commands_told_.insert(effect.id);
  }
  CLARY_RETURN_IF_ERROR(told);
  CLARY_TRY(const Progress progress, finish(effect));
  MutexLock lock(mutex_);
  commands_told_.erase(effect.id);
  return progress;
}

Result<Progress> GangEffects::submit(const Effect& effect, const Job& job) {
  if (!job.gang_handle.empty()) return finish(effect);
  if (is_terminal(job.phase) || job.phase == domain::Phase::kStopping)
    return settle_unwanted(effect, job);
  parts_.failpoints.at("before-submit");
  auto prepared = parts_.plans.prepare(job);
  if (!prepared.ok()) {
    if (prepared.error().code != ErrorCode::kInvalidArgument) return prepared.error();
    CLARY_RETURN_IF_ERROR(parts_.changes.apply(
        job.key(), {.kind = JobEventKind::kRejected, .message = prepared.error().message},
        {.effect = effect.id}));
    return Progress::kDone;
  }
  parts_.failpoints.at("after-plan");
  // Readers expect a stream per host from the start, before a line is printed.
  for (const compute::GangHost& host : prepared->gang.hosts) {
    CLARY_RETURN_IF_ERROR(
        parts_.logs.create_stream(log_group_of(job), log_stream_of(job, host.name)));
    CLARY_RETURN_IF_ERROR(
        parts_.logs.append(log_group_of(job), log_stream_of(job, host.name), prepared->log_lines,
                           telemetry::RecordSource{job.gang.value() + "/plan/" + host.name, 1}));
  }
  CLARY_TRY(const compute::GangHandle handle, parts_.backend.submit(prepared->gang));
  parts_.failpoints.at("after-submit");
  CLARY_RETURN_IF_ERROR(parts_.changes.apply(
      job.key(), {.kind = JobEventKind::kSubmitted, .gang_handle = handle_text(handle)},
      {.effect = effect.id, .notices = std::move(prepared->notices)}));
  return Progress::kDone;
}

Result<Progress> GangEffects::settle_unwanted(const Effect& effect, const Job& job) {
  const auto handle = parts_.backend.find(effect.gang);
  if (handle.ok()) {
    CLARY_RETURN_IF_ERROR(parts_.changes.apply(
        job.key(), {.kind = JobEventKind::kSubmitted, .gang_handle = handle_text(*handle)},
        {.effect = effect.id}));
    return Progress::kDone;
  }
  if (handle.error().code != ErrorCode::kNotFound) return handle.error();
  if (is_terminal(job.phase)) return finish(effect);
  CLARY_RETURN_IF_ERROR(
      parts_.changes.apply(job.key(), {.kind = JobEventKind::kHostStopped}, {.effect = effect.id}));
  return Progress::kDone;
}

Result<Progress> GangEffects::stop(const Effect& effect, const Job& job) {
  // Without a handle the gang was not submitted yet; when it is, the job asks again.
  if (job.gang_handle.empty() || is_terminal(job.phase)) return finish(effect);
  CLARY_TRY(const compute::GangHandle handle, parse_handle(job.gang_handle));
  parts_.failpoints.at("before-stop");
  CLARY_RETURN_IF_ERROR(parts_.backend.stop(handle, kStopGrace));
  parts_.failpoints.at("after-stop");
  return finish(effect);
}

Result<Progress> GangEffects::remove(const Effect& effect, const Job& job) {
  if (!job.gang_handle.empty()) {
    CLARY_TRY(const compute::GangHandle handle, parse_handle(job.gang_handle));
    const auto status = parts_.backend.inspect(handle);
    const bool runs = status.ok() && (status->state == compute::GangState::kRunning ||
                                      status->state == compute::GangState::kQueued);
    if (runs && parts_.clock.now() < job.modified + kTidyUp) return Progress::kLater;
    parts_.failpoints.at("before-remove");
    CLARY_RETURN_IF_ERROR(parts_.backend.remove(handle));
    parts_.failpoints.at("after-remove");
  }
  parts_.listeners.close(effect.gang);
  CLARY_RETURN_IF_ERROR(parts_.plans.discard(effect.gang));
  return finish(effect);
}

Status GangEffects::give_up(const Effect& effect, const Error& error) {
  {
    MutexLock lock(mutex_);
    commands_told_.erase(effect.id);
  }
  auto job = parts_.jobs.find(effect.job.kind, effect.job.name);
  if (!job.ok()) return job.error();
  if (effect.kind == EffectKind::kTellHook) {
    return parts_.changes.note(
        effect.job,
        {.effect = effect.id, .notices = {"A change of state was not told: " + error.message}});
  }
  const std::string reason =
      "InternalServerError: We encountered an internal error. Please try again. (" + error.message +
      ")";
  if (!is_terminal(job->phase) && job->gang == effect.gang) {
    const JobEventKind event =
        job->phase == domain::Phase::kPending ? JobEventKind::kRejected : JobEventKind::kHostLost;
    CLARY_RETURN_IF_ERROR(parts_.changes.apply(effect.job, {.kind = event, .message = reason},
                                               {.effect = effect.id, .gang = effect.gang}));
    return {};
  }
  return parts_.changes.note(effect.job, {.effect = effect.id, .notices = {reason}});
}

Status GangEffects::end_gang(const GangId& gang) {
  const auto handle = parts_.backend.find(gang);
  if (!handle.ok() && handle.error().code != ErrorCode::kNotFound) return handle.error();
  if (handle.ok()) CLARY_RETURN_IF_ERROR(parts_.backend.remove(*handle));
  parts_.listeners.close(gang);
  return parts_.plans.discard(gang);
}

Result<std::vector<GangId>> GangEffects::known_gangs() {
  CLARY_TRY(std::vector<GangId> gangs, parts_.backend.list());
  CLARY_TRY(const std::vector<GangId> folders, parts_.plans.folders().list());
  gangs.insert(gangs.end(), folders.begin(), folders.end());
  std::ranges::sort(gangs);
  gangs.erase(std::ranges::unique(gangs).begin(), gangs.end());
  return gangs;
}

Status GangEffects::end_orphans() {
  CLARY_TRY(const std::vector<GangId> gangs, known_gangs());
  for (const GangId& gang : gangs) {
    const auto job = parts_.jobs.find_by_gang(gang);
    if (job.ok()) continue;
    if (job.error().code != ErrorCode::kNotFound) return job.error();
    if (const Status ended = end_gang(gang); !ended.ok()) {
      parts_.logger.warning("a gang without a job could not be ended",
                            {{"gang", gang.value()}, {"error", ended.error().message}});
    }
  }
  return {};
}

Result<Progress> GangEffects::finish(const Effect& effect) {
  parts_.failpoints.at("before-finish-effect");
  CLARY_RETURN_IF_ERROR(parts_.jobs.finish_effect(effect.id));
  parts_.failpoints.at("after-finish-effect");
  return Progress::kDone;
}

}  // namespace clary::runtime
