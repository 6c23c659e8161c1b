#include "services/processing_jobs.h"

#include <utility>

#include "services/job_rules.h"
#include "services/kept_text.h"
#include "services/processing_job_request.h"

namespace clary::services {

using domain::Job;

namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Result<api::DescribeProcessingJobResponse> description_of(const Job& job) {
  CLARY_TRY(auto request, from_kept_text<api::CreateProcessingJobRequest>(job.request));
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

api::ProcessingJobSummary summary_of(const Job& job) {
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

Outcome<api::CreateProcessingJobResponse> ProcessingJobs::create(
    const api::CreateProcessingJobRequest& request, const CallContext& context) {
  CLARY_TRY(Job job, job_of(request, context));
  CLARY_TRY(const std::string arn, jobs_.create(std::move(job), request.tags, context));
  return api::CreateProcessingJobResponse{.processing_job_arn = arn};
}

Outcome<api::DescribeProcessingJobResponse> ProcessingJobs::describe(
    const api::DescribeProcessingJobRequest& request, const CallContext&) {
  CLARY_TRY(const Job job, jobs_.find(request.processing_job_name));
  CLARY_TRY(api::DescribeProcessingJobResponse reply, description_of(job));
  return reply;
}

Outcome<api::ListProcessingJobsResponse> ProcessingJobs::list(
    const api::ListProcessingJobsRequest& request, const CallContext&) {
  CLARY_TRY(const domain::JobPage page, jobs_.list(request));
  api::ListProcessingJobsResponse reply;
  for (const Job& job : page.jobs) reply.processing_job_summaries.push_back(summary_of(job));
  if (!page.next.empty()) reply.next_token = page.next;
  return reply;
}

Outcome<api::StopProcessingJobReply> ProcessingJobs::stop(
    const api::StopProcessingJobRequest& request, const CallContext&) {
  if (auto refused = jobs_.stop(request.processing_job_name)) return *std::move(refused);
  return api::StopProcessingJobReply{};
}

}  // namespace clary::services
