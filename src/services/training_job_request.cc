#include "services/training_job_request.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "services/job_rules.h"
#include "services/kept_text.h"
#include "telemetry/metric_extractor.h"

namespace clary::services {
namespace {

using domain::Job;

// The model leaves these optional for kinds of jobs that are refused here.
ServiceError missing_member(std::string_view member) {
  return invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                  "Member must not be null",
                  member));
}

// How the SDK asks for a launcher of several processes; its other hyperparameters are the script's
// own business.
constexpr std::array<std::string_view, 7> kDistributions = {
    "sagemaker_mpi_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_torch_distributed_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
};

Complaint check_hyperparameters(const api::CreateTrainingJobRequest& request) {
  if (!request.hyper_parameters) return std::nullopt;
  for (const auto& [name, value] : *request.hyper_parameters) {
    for (const std::string_view distribution : kDistributions) {
      if (name != distribution || value != "true") continue;
      return invalid(
          fmt::format("Clary does not launch distributed training yet: leave out `distribution` "
                      "(HyperParameters {}).",
                      name));
    }
  }
  return std::nullopt;
}

Complaint check_algorithm(const api::CreateTrainingJobRequest& request) {
  if (!request.algorithm_specification) return missing_member("algorithmSpecification");
  const api::AlgorithmSpecification& algorithm = *request.algorithm_specification;
  if (!algorithm.training_image || algorithm.training_image->empty()) {
    return invalid(
        "You must specify either an algorithm name or a training image in AlgorithmSpecification.");
  }
  if (algorithm.container_arguments && !algorithm.container_entrypoint) {
    return invalid(
        "Clary does not run the programs inside images: AlgorithmSpecification.ContainerArguments "
        "need an AlgorithmSpecification.ContainerEntrypoint.");
  }
  if (!algorithm.metric_definitions) return std::nullopt;
  std::set<std::string> names;
  for (const api::MetricDefinition& metric : *algorithm.metric_definitions) {
    if (!names.insert(metric.name).second) {
      return invalid(
          fmt::format("Metric names must be unique. The metric \"{}\" is defined more than once.",
                      metric.name));
    }
    const Status usable = telemetry::check_metric_pattern(metric.regex);
    if (usable.ok()) continue;
    return invalid(fmt::format("Invalid regular expression of the metric \"{}\": {}", metric.name,
                               usable.error().message));
  }
  return std::nullopt;
}

Complaint check_channels(const api::CreateTrainingJobRequest& request) {
  if (!request.input_data_config) return std::nullopt;
  std::set<std::string> names;
  for (const api::Channel& channel : *request.input_data_config) {
    if (!names.insert(channel.channel_name).second) {
      return invalid(
          fmt::format("Channel names must be unique. The channel \"{}\" is given more than once in "
                      "InputDataConfig.",
                      channel.channel_name));
    }
    const bool from_s3 = channel.data_source.s3_data_source.has_value();
    if (from_s3 == channel.data_source.file_system_data_source.has_value()) {
      return invalid(
          fmt::format("The channel \"{}\" needs either DataSource.S3DataSource or "
                      "DataSource.FileSystemDataSource.",
                      channel.channel_name));
    }
    if (!from_s3) continue;
    if (auto wrong = check_uri("S3Uri of the channel \"" + channel.channel_name + "\"",
                               channel.data_source.s3_data_source->s3_uri)) {
      return wrong;
    }
  }
  return std::nullopt;
}

Complaint check_resources(const api::CreateTrainingJobRequest& request) {
  if (!request.resource_config) return missing_member("resourceConfig");
  if (!request.resource_config->instance_type) return missing_member("resourceConfig.instanceType");
  if (!request.resource_config->instance_count)
    return missing_member("resourceConfig.instanceCount");
  if (*request.resource_config->instance_count < 1) {
    return invalid(
        "1 validation error detected: Value '0' at 'resourceConfig.instanceCount' failed to "
        "satisfy constraint: Member must have "
        "value greater than or equal to 1");
  }
  if (*request.resource_config->instance_count > 1) {
    return invalid(
        "Clary does not run jobs of several hosts yet: ResourceConfig.InstanceCount must be 1.");
  }
  return std::nullopt;
}

std::string value_or(const std::optional<std::string>& value, std::string_view fallback) {
  return value ? *value : std::string(fallback);
}

domain::Channel channel_of(const api::Channel& channel) {
  domain::Channel made;
  made.name = channel.channel_name;
  if (const auto& source = channel.data_source.s3_data_source) {
    made.uri = source->s3_uri;
    made.data_type = source->s3_data_type;
    made.distribution = value_or(source->s3_data_distribution_type, made.distribution);
  } else {
    const api::FileSystemDataSource& files = *channel.data_source.file_system_data_source;
    made.file_system = {.id = files.file_system_id,
                        .directory = files.directory_path,
                        .writable = files.file_system_access_mode == "rw"};
  }
  made.content_type = value_or(channel.content_type, "");
  made.input_mode = value_or(channel.input_mode, made.input_mode);
  made.record_wrapper = value_or(channel.record_wrapper_type, made.record_wrapper);
  made.compression = value_or(channel.compression_type, made.compression);
  return made;
}

domain::JobSpec spec_of(const api::CreateTrainingJobRequest& request) {
  domain::JobSpec spec;
  spec.image = *request.algorithm_specification->training_image;
  spec.role = request.role_arn;
  if (request.hyper_parameters) spec.hyperparameters = *request.hyper_parameters;
  if (request.environment) spec.environment = *request.environment;
  if (request.input_data_config) {
    for (const api::Channel& channel : *request.input_data_config)
      spec.channels.push_back(channel_of(channel));
  }
  if (request.algorithm_specification->metric_definitions) {
    for (const api::MetricDefinition& metric :
         *request.algorithm_specification->metric_definitions) {
      spec.metrics.push_back({.name = metric.name, .pattern = metric.regex});
    }
  }
  const api::AlgorithmSpecification& algorithm = *request.algorithm_specification;
  if (algorithm.container_entrypoint) spec.command.entry_point = *algorithm.container_entrypoint;
  if (algorithm.container_arguments) spec.command.arguments = *algorithm.container_arguments;
  if (request.checkpoint_config) {
    spec.checkpoints.uri = request.checkpoint_config->s3_uri;
    spec.checkpoints.local_path =
        value_or(request.checkpoint_config->local_path, spec.checkpoints.local_path);
  }
  spec.output_uri = request.output_data_config.s3_output_path;
  spec.output_compressed = request.output_data_config.compression_type != "NONE";
  spec.instance_type = *request.resource_config->instance_type;
  spec.instance_count = static_cast<int>(*request.resource_config->instance_count);
  spec.max_runtime_seconds = kDefaultMaxRuntimeSeconds;
  if (request.stopping_condition) {
    spec.max_runtime_seconds =
        request.stopping_condition->max_runtime_in_seconds.value_or(kDefaultMaxRuntimeSeconds);
    spec.max_pending_seconds = request.stopping_condition->max_pending_time_in_seconds.value_or(0);
  }
  if (request.retry_strategy) {
    spec.retry_attempts = static_cast<int>(request.retry_strategy->maximum_retry_attempts);
  }
  spec.network_isolation = request.enable_network_isolation.value_or(false);
  return spec;
}

// "s3://bucket/prefix" with or without slashes at its end.
std::string output_folder(std::string_view output_path, const std::string& job) {
  while (output_path.ends_with('/')) output_path.remove_suffix(1);
  return fmt::format("{}/{}/output", output_path, job);
}

}  // namespace

Outcome<Job> job_of(const api::CreateTrainingJobRequest& request, const CallContext& context) {
  for (const auto check :
       {check_algorithm, check_resources, check_channels, check_hyperparameters}) {
    if (const Complaint complaint = check(request)) return *complaint;
  }
  if (const Complaint complaint =
          check_uri("S3OutputPath", request.output_data_config.s3_output_path))
    return *complaint;
  if (request.checkpoint_config) {
    if (const Complaint complaint =
            check_uri("CheckpointConfig.S3Uri", request.checkpoint_config->s3_uri))
      return *complaint;
  }
  Job job;
  job.kind = domain::JobKind::kTraining;
  job.name = JobName(request.training_job_name);
  job.arn = job_arn(job.kind, request.training_job_name, context);
  job.request = to_kept_text(request);
  job.spec = spec_of(request);
  job.output_uri =
      output_folder(request.output_data_config.s3_output_path, request.training_job_name);
  job.model_uri = job.output_uri + (job.spec.output_compressed ? "/model.tar.gz" : "/model/");
  return job;
}

}  // namespace clary::services
