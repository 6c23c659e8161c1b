#include "services/training_jobs.h"

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

Outcome<api::CreateTrainingJobResponse> TrainingJobs::create(
    const api::CreateTrainingJobRequest& request, const CallContext& context) {
  CLARY_TRY(Job job, job_of(request, context));
  CLARY_TRY(const std::string arn, jobs_.create(std::move(job), request.tags, context));
  return api::CreateTrainingJobResponse{.training_job_arn = arn};
}

Outcome<api::DescribeTrainingJobResponse> TrainingJobs::describe(
    const api::DescribeTrainingJobRequest& request, const CallContext&) {
  CLARY_TRY(const Job job, jobs_.find(request.training_job_name));
  CLARY_TRY(const auto events, parts_.jobs.events(JobKind::kTraining, job.name));
  std::vector<telemetry::SeriesSummary> metrics;
  if (!job.spec.metrics.empty()) {
    CLARY_TRY(metrics,
              parts_.metrics.summaries(std::string(runtime::telemetry_space(JobKind::kTraining)),
                                       "TrainingJobName", job.name.value()));
  }
  CLARY_TRY(api::DescribeTrainingJobResponse reply, describe_job(job, events, metrics));
  return reply;
}

Outcome<api::ListTrainingJobsResponse> TrainingJobs::list(
    const api::ListTrainingJobsRequest& request, const CallContext&) {
  CLARY_TRY(const domain::JobPage page, jobs_.list(request));
  api::ListTrainingJobsResponse reply;
  for (const Job& job : page.jobs) reply.training_job_summaries.push_back(summarize_job(job));
  if (!page.next.empty()) reply.next_token = page.next;
  return reply;
}

Outcome<api::StopTrainingJobReply> TrainingJobs::stop(const api::StopTrainingJobRequest& request,
                                                      const CallContext&) {
  if (auto refused = jobs_.stop(request.training_job_name)) return *std::move(refused);
  return api::StopTrainingJobReply{};
}

Outcome<api::UpdateTrainingJobResponse> TrainingJobs::update(
    const api::UpdateTrainingJobRequest& request, const CallContext& context) {
  CLARY_TRY(const Job job, jobs_.find(request.training_job_name));
  const auto amended =
      parts_.changes.amend(job.key(), inert_notices(context), [&](Job& present) -> Status {
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
  if (amended.ok()) return api::UpdateTrainingJobResponse{.training_job_arn = job.arn.value()};
  if (amended.error().code != ErrorCode::kConflict) return amended.error();
  return jobs_.rejected(amended.error().message);
}

}  // namespace clary::services
