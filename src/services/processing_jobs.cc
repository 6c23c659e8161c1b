#include "services/processing_jobs.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "services/job_rules.h"
#include "services/processing_job_request.h"

namespace clary::services {

using domain::Job;
using domain::JobKind;

namespace {

constexpr std::size_t kGangIdCharacters = 16;

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Result<api::DescribeProcessingJobResponse> describe_job(const Job& job) {
  CLARY_TRY(const Document document, parse_json(job.request));
  api::CreateProcessingJobRequest request;
  decode(document, request);
  fill_in(request);
  return api::DescribeProcessingJobResponse{
      .processing_inputs = std::move(request.processing_inputs),
      .processing_output_config = std::move(request.processing_output_config),
      .processing_job_name = job.name.value(),
      .processing_resources = std::move(request.processing_resources),
      .stopping_condition = request.stopping_condition,
      .app_specification = std::move(request.app_specification),
      .environment = std::move(request.environment),
      .network_config = std::move(request.network_config),
      .role_arn = std::move(request.role_arn),
      .experiment_config = std::move(request.experiment_config),
      .processing_job_arn = job.arn.value(),
      .processing_job_status = std::string(job_status(job)),
      .exit_message = unless_empty(job.exit_message),
      .failure_reason = unless_empty(job.failure_reason),
      .processing_end_time = job.training_ended,
      .processing_start_time = job.training_started,
      .last_modified_time = job.modified,
      .creation_time = job.created};
}

api::ProcessingJobSummary summarize_job(const Job& job) {
  return {.processing_job_name = job.name.value(),
          .processing_job_arn = job.arn.value(),
          .creation_time = job.created,
          .processing_end_time = job.training_ended,
          .last_modified_time = job.modified,
          .processing_job_status = std::string(job_status(job)),
          .failure_reason = unless_empty(job.failure_reason),
          .exit_message = unless_empty(job.exit_message)};
}

}  // namespace

void ProcessingJobs::add_to(Router& router) {
  router.add<api::CreateProcessingJob>(*this, &ProcessingJobs::create);
  router.add<api::DescribeProcessingJob>(*this, &ProcessingJobs::describe);
  router.add<api::ListProcessingJobs>(*this, &ProcessingJobs::list);
  router.add<api::StopProcessingJob>(*this, &ProcessingJobs::stop);
}

Outcome<Job> ProcessingJobs::find(const std::string& name) {
  auto job = parts_.jobs.find(JobKind::kProcessing, JobName(name));
  if (job.ok()) return std::move(*job);
  if (job.error().code != ErrorCode::kNotFound) return job.error();
  return invalid("Could not find requested job with name: " + name);
}

Outcome<api::CreateProcessingJobResponse> ProcessingJobs::create(
    const api::CreateProcessingJobRequest& request, const CallContext& context) {
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
  if (created.ok()) return api::CreateProcessingJobResponse{.processing_job_arn = arn};
  if (created.error().code != ErrorCode::kAlreadyExists) return created.error();
  return ServiceError("ResourceInUse",
                      "Processing job names must be unique within an AWS account and region, and a "
                      "processing job with this name already exists (" +
                          arn + ")");
}

Outcome<api::DescribeProcessingJobResponse> ProcessingJobs::describe(
    const api::DescribeProcessingJobRequest& request, const CallContext&) {
  auto job = find(request.processing_job_name);
  if (!job.ok()) return job.error();
  CLARY_TRY(api::DescribeProcessingJobResponse reply, describe_job(*job));
  return reply;
}

Outcome<api::ListProcessingJobsResponse> ProcessingJobs::list(
    const api::ListProcessingJobsRequest& request, const CallContext&) {
  const auto query = job_query(JobKind::kProcessing, request);
  if (!query) return api::ListProcessingJobsResponse{};
  auto page = list_jobs(parts_.jobs, *query);
  if (!page.ok()) return page.error();
  api::ListProcessingJobsResponse reply;
  for (const Job& job : page->jobs) reply.processing_job_summaries.push_back(summarize_job(job));
  if (!page->next.empty()) reply.next_token = page->next;
  return reply;
}

Outcome<api::StopProcessingJobReply> ProcessingJobs::stop(
    const api::StopProcessingJobRequest& request, const CallContext&) {
  auto job = find(request.processing_job_name);
  if (!job.ok()) return job.error();
  const auto stopped =
      parts_.changes.apply(job->key(), {.kind = domain::JobEventKind::kStopRequested});
  if (stopped.ok()) return api::StopProcessingJobReply{};
  if (stopped.error().code != ErrorCode::kConflict) return stopped.error();
  auto ended = find(request.processing_job_name);
  if (!ended.ok()) return ended.error();
  return invalid(fmt::format("The request was rejected because the processing job is in status {}.",
                             job_status(*ended)));
}

}  // namespace clary::services
