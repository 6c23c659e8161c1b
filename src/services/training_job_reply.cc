#include "services/training_job_reply.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "services/job_rules.h"
#include "services/kept_text.h"

namespace clary::services {

using domain::Job;
using domain::JobEvent;
using domain::Phase;
using domain::StopReason;

namespace {

std::vector<api::SecondaryStatusTransition> transitions_of(const Job& job,
                                                           const std::vector<JobEvent>& events) {
  std::vector<api::SecondaryStatusTransition> transitions;
  for (const JobEvent& event : events) {
    if (!event.phase) continue;
    if (!transitions.empty()) transitions.back().end_time = event.time;
    transitions.push_back(
        {.status = std::string(secondary_status(*event.phase, job.stop_reason)),
         .start_time = event.time,
         .end_time = is_terminal(*event.phase) ? std::optional(event.time) : std::nullopt,
         .status_message = event.message});
  }
  return transitions;
}

// At least one: the SDK divides by it.
std::optional<std::int64_t> seconds_of(const Job& job) {
  if (!job.training_started || !job.training_ended) return std::nullopt;
  const auto trained =
      std::chrono::ceil<std::chrono::seconds>(*job.training_ended - *job.training_started).count();
  return std::max<std::int64_t>(1, trained);
}

// What AWS fills in where the request said nothing.
void fill_in_reply(api::DescribeTrainingJobResponse& reply) {
  if (reply.input_data_config) {
    for (api::Channel& channel : *reply.input_data_config) {
      if (!channel.compression_type) channel.compression_type = "None";
      if (!channel.record_wrapper_type) channel.record_wrapper_type = "None";
      auto& source = channel.data_source.s3_data_source;
      if (source && !source->s3_data_distribution_type)
        source->s3_data_distribution_type = "FullyReplicated";
    }
  }
  if (!reply.output_data_config->kms_key_id) reply.output_data_config->kms_key_id = "";
  if (!reply.output_data_config->compression_type)
    reply.output_data_config->compression_type = "GZIP";
  if (reply.resource_config && !reply.resource_config->volume_size_in_gb)
    reply.resource_config->volume_size_in_gb = 0;
  if (!reply.enable_network_isolation) reply.enable_network_isolation = false;
  if (!reply.enable_inter_container_traffic_encryption)
    reply.enable_inter_container_traffic_encryption = false;
  if (!reply.enable_managed_spot_training) reply.enable_managed_spot_training = false;
}

// The latest value of each name, in whatever unit it came.
std::vector<api::MetricData> final_metrics(const std::vector<telemetry::SeriesSummary>& metrics) {
  std::map<std::string, const telemetry::SeriesSummary*> latest;
  for (const telemetry::SeriesSummary& metric : metrics) {
    const telemetry::SeriesSummary*& one = latest.try_emplace(metric.name, &metric).first->second;
    if (metric.last_time > one->last_time) one = &metric;
  }
  std::vector<api::MetricData> out;
  for (const auto& [name, metric] : latest)
    out.push_back({.metric_name = name, .value = metric->last, .timestamp = metric->last_time});
  return out;
}

void echo(api::CreateTrainingJobRequest request, api::DescribeTrainingJobResponse& reply) {
  reply.hyper_parameters = std::move(request.hyper_parameters);
  reply.algorithm_specification = std::move(request.algorithm_specification);
  reply.role_arn = std::move(request.role_arn);
  reply.input_data_config = std::move(request.input_data_config);
  reply.output_data_config = std::move(request.output_data_config);
  reply.resource_config = std::move(request.resource_config);
  reply.vpc_config = std::move(request.vpc_config);
  reply.enable_network_isolation = request.enable_network_isolation;
  reply.enable_inter_container_traffic_encryption =
      request.enable_inter_container_traffic_encryption;
  reply.enable_managed_spot_training = request.enable_managed_spot_training;
  reply.debug_hook_config = std::move(request.debug_hook_config);
  reply.profiler_config = std::move(request.profiler_config);
  reply.profiler_rule_configurations = std::move(request.profiler_rule_configurations);
  reply.environment = std::move(request.environment);
  reply.retry_strategy = request.retry_strategy;
  reply.checkpoint_config = std::move(request.checkpoint_config);
}

}  // namespace

Result<api::DescribeTrainingJobResponse> describe_job(
    const Job& job, const std::vector<JobEvent>& events,
    const std::vector<telemetry::SeriesSummary>& metrics) {
  CLARY_TRY(auto request, from_kept_text<api::CreateTrainingJobRequest>(job.request));

  api::DescribeTrainingJobResponse reply;
  reply.training_job_name = job.name.value();
  reply.training_job_arn = job.arn.value();
  reply.model_artifacts.s3_model_artifacts = job.model_uri;
  reply.training_job_status = job_status(job);
  reply.secondary_status = secondary_status(job.phase, job.stop_reason);
  if (!job.failure_reason.empty()) reply.failure_reason = job.failure_reason;
  reply.stopping_condition.max_runtime_in_seconds = job.spec.max_runtime_seconds;
  if (job.spec.max_pending_seconds > 0)
    reply.stopping_condition.max_pending_time_in_seconds = job.spec.max_pending_seconds;
  reply.creation_time = job.created;
  reply.training_start_time = job.training_started;
  reply.training_end_time = job.training_ended;
  reply.last_modified_time = job.modified;
  reply.secondary_status_transitions = transitions_of(job, events);
  reply.training_time_in_seconds = seconds_of(job);
  reply.billable_time_in_seconds = reply.training_time_in_seconds;
  if (!metrics.empty()) reply.final_metric_data_list = final_metrics(metrics);
  echo(std::move(request), reply);
  fill_in_reply(reply);
  return reply;
}

api::TrainingJobSummary summarize_job(const Job& job) {
  return {.training_job_name = job.name.value(),
          .training_job_arn = job.arn.value(),
          .creation_time = job.created,
          .training_end_time = job.training_ended,
          .last_modified_time = job.modified,
          .training_job_status = std::string(job_status(job)),
          .secondary_status = std::string(secondary_status(job.phase, job.stop_reason))};
}

}  // namespace clary::services
