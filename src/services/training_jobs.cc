#include "services/training_jobs.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "runtime/gang_effects.h"
#include "services/job_rules.h"
#include "services/training_job_reply.h"
#include "services/training_job_request.h"

namespace clary::services {

using domain::Job;
using domain::JobKind;

namespace {

constexpr std::size_t kGangIdCharacters = 16;

// Members of an object that are named take the place of those that were there; a list as a whole.
Document merged(Document before, const Document& update) {
  if (!before.is_object() || !update.is_object()) return update;
  for (const Document::Member& member : *update.as_object()) before.set(member.name, member.value);
  return before;
}

}  // namespace

void TrainingJobs::add_to(Router& router) {
  router.add<api::CreateTrainingJob>(*this, &TrainingJobs::create);
  router.add<api::DescribeTrainingJob>(*this, &TrainingJobs::describe);
  router.add<api::ListTrainingJobs>(*this, &TrainingJobs::list);
  router.add<api::StopTrainingJob>(*this, &TrainingJobs::stop);
  router.add<api::UpdateTrainingJob>(*this, &TrainingJobs::update);
}

Outcome<Job> TrainingJobs::find(const std::string& name) {
  auto job = parts_.jobs.find(JobKind::kTraining, JobName(name));
  if (job.ok()) return std::move(*job);
  if (job.error().code != ErrorCode::kNotFound) return job.error();
  return ServiceError("ValidationException", "Requested resource not found.");
}

Outcome<api::CreateTrainingJobResponse> TrainingJobs::create(
    const api::CreateTrainingJobRequest& request, const CallContext& context) {
  auto job = job_of(request, context);
  if (!job.ok()) return job.error();
  auto tags = tags_of(request.tags.value_or(std::vector<api::Tag>{}));
  if (!tags.ok()) return tags.error();
  auto priority = priority_of(*tags);
  if (!priority.ok()) return priority.error();
  job->spec.priority = *priority;
  job->gang = GangId(parts_.ids.hex(kGangIdCharacters));
  const std::string arn = job->arn.value();
  const auto created = parts_.changes.create(std::move(*job), *tags, inert_notices(context));
  if (created.ok()) return api::CreateTrainingJobResponse{.training_job_arn = arn};
  if (created.error().code != ErrorCode::kAlreadyExists) return created.error();
  return ServiceError("ResourceInUse",
                      "Training job names must be unique within an AWS account and region, and a "
                      "training job with this name already "
                      "exists (" +
                          arn + ")");
}

Outcome<api::DescribeTrainingJobResponse> TrainingJobs::describe(
    const api::DescribeTrainingJobRequest& request, const CallContext&) {
  auto job = find(request.training_job_name);
  if (!job.ok()) return job.error();
  CLARY_TRY(const auto events, parts_.jobs.events(JobKind::kTraining, job->name));
  std::vector<telemetry::SeriesSummary> metrics;
  if (!job->spec.metrics.empty()) {
    CLARY_TRY(metrics,
              parts_.metrics.summaries(std::string(runtime::telemetry_space(JobKind::kTraining)),
                                       "TrainingJobName", job->name.value()));
  }
  CLARY_TRY(api::DescribeTrainingJobResponse reply, describe_job(*job, events, metrics));
  return reply;
}

Outcome<api::ListTrainingJobsResponse> TrainingJobs::list(
    const api::ListTrainingJobsRequest& request, const CallContext&) {
  const auto query = job_query(JobKind::kTraining, request);
  if (!query) return api::ListTrainingJobsResponse{};
  auto page = list_jobs(parts_.jobs, *query);
  if (!page.ok()) return page.error();
  api::ListTrainingJobsResponse reply;
  for (const Job& job : page->jobs) reply.training_job_summaries.push_back(summarize_job(job));
  if (!page->next.empty()) reply.next_token = page->next;
  return reply;
}

Outcome<api::StopTrainingJobReply> TrainingJobs::stop(const api::StopTrainingJobRequest& request,
                                                      const CallContext&) {
  auto job = find(request.training_job_name);
  if (!job.ok()) return job.error();
  const auto stopped =
      parts_.changes.apply(job->key(), {.kind = domain::JobEventKind::kStopRequested});
  if (stopped.ok()) return api::StopTrainingJobReply{};
  if (stopped.error().code != ErrorCode::kConflict) return stopped.error();
  auto ended = find(request.training_job_name);
  if (!ended.ok()) return ended.error();
  return ServiceError(
      "ValidationException",
      fmt::format("The request was rejected because the training job is in status {}.",
                  job_status(*ended)));
}

Outcome<api::UpdateTrainingJobResponse> TrainingJobs::update(
    const api::UpdateTrainingJobRequest& request, const CallContext& context) {
  auto job = find(request.training_job_name);
  if (!job.ok()) return job.error();
  const auto amended =
      parts_.changes.amend(job->key(), inert_notices(context), [&](Job& present) -> Status {
        if (is_terminal(present.phase)) return conflict(std::string(job_status(present)));
        CLARY_TRY(Document asked, parse_json(present.request));
        const Document update = encode(request);
        for (const char* member : {"ProfilerConfig", "ProfilerRuleConfigurations"}) {
          const Document* value = update.find(member);
          if (value == nullptr) continue;
          const Document* before = asked.find(member);
          asked.set(member, before == nullptr ? *value : merged(*before, *value));
        }
        present.request = to_json(asked);
        return {};
      });
  if (amended.ok()) return api::UpdateTrainingJobResponse{.training_job_arn = job->arn.value()};
  if (amended.error().code != ErrorCode::kConflict) return amended.error();
  return ServiceError(
      "ValidationException",
      fmt::format("The request was rejected because the training job is in status {}.",
                  amended.error().message));
}

}  // namespace clary::services
