#include "services/transform_jobs.h"

#include <utility>

#include "services/job_rules.h"
#include "services/kept_text.h"
#include "services/serving_resources.h"
#include "services/transform_job_request.h"

namespace clary::services {

using domain::Job;

namespace {

std::optional<std::string> reason_of(const Job& job) {
  return job.failure_reason.empty() ? std::nullopt : std::optional(job.failure_reason);
}

Result<api::DescribeTransformJobResponse> description_of_transform(const Job& job) {
  CLARY_TRY(auto request, from_kept_text<api::CreateTransformJobRequest>(job.request));
  fill_in_transform(request);
  api::DescribeTransformJobResponse reply;
  reply.transform_job_name = job.name.value();
  reply.transform_job_arn = job.arn.value();
  reply.transform_job_status = std::string(job_status(job));
  reply.failure_reason = reason_of(job);
  reply.model_name = std::move(request.model_name);
  reply.max_concurrent_transforms = request.max_concurrent_transforms;
  reply.model_client_config = request.model_client_config;
  reply.max_payload_in_mb = request.max_payload_in_mb;
  reply.batch_strategy = std::move(request.batch_strategy);
  reply.environment = std::move(request.environment);
  reply.transform_input = std::move(request.transform_input);
  reply.transform_output = std::move(request.transform_output);
  reply.transform_resources = std::move(request.transform_resources);
  reply.creation_time = job.created;
  reply.transform_start_time = job.training_started;
  reply.transform_end_time = job.training_ended;
  reply.data_processing = std::move(request.data_processing);
  return reply;
}

api::TransformJobSummary transform_summary(const Job& job) {
  return {.transform_job_name = job.name.value(),
          .transform_job_arn = job.arn.value(),
          .creation_time = job.created,
          .transform_end_time = job.training_ended,
          .last_modified_time = job.modified,
          .transform_job_status = std::string(job_status(job)),
          .failure_reason = reason_of(job)};
}

}  // namespace

void TransformJobs::add_to(Router& router) {
  router.add<api::CreateTransformJob>(*this, &TransformJobs::create);
  router.add<api::DescribeTransformJob>(*this, &TransformJobs::describe);
  router.add<api::ListTransformJobs>(*this, &TransformJobs::list);
  router.add<api::StopTransformJob>(*this, &TransformJobs::stop);
}

Outcome<api::CreateTransformJobResponse> TransformJobs::create(
    const api::CreateTransformJobRequest& request, const CallContext& context) {
  CLARY_TRY(const domain::Model model, found_or(models_.find_model(ModelName(request.model_name)),
                                                ServingKind::kModel, request.model_name, context));
  CLARY_TRY(Job job, job_of(request, model, context));
  CLARY_TRY(const std::string arn, jobs_.create(std::move(job), request.tags, context));
  return api::CreateTransformJobResponse{.transform_job_arn = arn};
}

Outcome<api::DescribeTransformJobResponse> TransformJobs::describe(
    const api::DescribeTransformJobRequest& request, const CallContext&) {
  CLARY_TRY(const Job job, jobs_.find(request.transform_job_name));
  CLARY_TRY(api::DescribeTransformJobResponse reply, description_of_transform(job));
  return reply;
}

Outcome<api::ListTransformJobsResponse> TransformJobs::list(
    const api::ListTransformJobsRequest& request, const CallContext&) {
  CLARY_TRY(const domain::JobPage page, jobs_.list(request));
  api::ListTransformJobsResponse reply;
  for (const Job& job : page.jobs) reply.transform_job_summaries.push_back(transform_summary(job));
  if (!page.next.empty()) reply.next_token = page.next;
  return reply;
}

Outcome<api::StopTransformJobReply> TransformJobs::stop(const api::StopTransformJobRequest& request,
                                                        const CallContext&) {
  if (auto refused = jobs_.stop(request.transform_job_name)) return *std::move(refused);
  return api::StopTransformJobReply{};
}

}  // namespace clary::services
