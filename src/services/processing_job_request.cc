#include "services/processing_job_request.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "services/job_rules.h"
#include "services/kept_text.h"

namespace clary::services {
namespace {

using domain::Job;

// Source: AWS, ProcessingStoppingCondition: "The default value is 1 day."
// Source: AWS, ProcessingS3Input.LocalPath: "must be an absolute path ... that begins with".
constexpr std::string_view kLocalRoot = "/opt/ml/processing";

std::string without_slashes_at_end(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// what: "the input \"x\"".
Complaint check_local_path(const std::string& what, const std::optional<std::string>& local_path) {
  if (!local_path || local_path->empty())
    return invalid(fmt::format("LocalPath of {} must be given.", what));
  const std::string path = without_slashes_at_end(*local_path);
  bool plain = path.starts_with(std::string(kLocalRoot) + "/");
  if (plain) {
    for (const std::string_view part : split(std::string_view(path).substr(1), '/')) {
      if (part.empty() || part == "." || part == "..") plain = false;
    }
  }
  if (plain) return std::nullopt;
  return invalid(
      fmt::format("Invalid LocalPath of {}: \"{}\". It must be an absolute path that begins with "
                  "{}/, without empty parts, \".\" or \"..\".",
                  what, *local_path, kLocalRoot));
}

// Of inputs and outputs alike: a path is one's only.
Complaint claim(std::map<std::string, std::string>& claimed, const std::string& what,
                const std::string& local_path) {
  const auto [place, fresh] = claimed.emplace(without_slashes_at_end(local_path), what);
  if (fresh) return std::nullopt;
  return invalid(fmt::format("LocalPath must be unique: {} and {} both have \"{}\".", place->second,
                             what, local_path));
}

Complaint check_inputs(const api::CreateProcessingJobRequest& request,
                       std::map<std::string, std::string>& claimed) {
  if (!request.processing_inputs) return std::nullopt;
  std::set<std::string> names;
  for (const api::ProcessingInput& input : *request.processing_inputs) {
    const std::string what = "the input \"" + input.input_name + "\"";
    if (!names.insert(input.input_name).second)
      return invalid(fmt::format("Input names must be unique: {} is given more than once.", what));
    if (!input.s3_input && input.dataset_definition) {
      return invalid(
          fmt::format("Clary does not read datasets by a DatasetDefinition: give {} an S3Input "
                      "instead.",
                      what));
    }
    if (!input.s3_input) return invalid(fmt::format("S3Input of {} must be given.", what));
    if (auto wrong = check_uri("S3Uri of " + what, input.s3_input->s3_uri)) return wrong;
    if (auto wrong = check_local_path(what, input.s3_input->local_path)) return wrong;
    if (auto wrong = claim(claimed, what, *input.s3_input->local_path)) return wrong;
  }
  return std::nullopt;
}

Complaint check_outputs(const api::CreateProcessingJobRequest& request,
                        std::map<std::string, std::string>& claimed) {
  if (!request.processing_output_config) return std::nullopt;
  std::set<std::string> names;
  for (const api::ProcessingOutput& output : request.processing_output_config->outputs) {
    const std::string what = "the output \"" + output.output_name + "\"";
    if (!names.insert(output.output_name).second)
      return invalid(fmt::format("Output names must be unique: {} is given more than once.", what));
    if (!output.s3_output) return invalid(fmt::format("S3Output of {} must be given.", what));
    if (auto wrong = check_uri("S3Uri of " + what, output.s3_output->s3_uri)) return wrong;
    if (auto wrong = check_local_path(what, output.s3_output->local_path)) return wrong;
    if (auto wrong = claim(claimed, what, *output.s3_output->local_path)) return wrong;
  }
  return std::nullopt;
}

Complaint check_resources(const api::CreateProcessingJobRequest& request) {
  const api::ProcessingClusterConfig& cluster = request.processing_resources.cluster_config;
  for (const auto& [given, member] :
       {std::pair{cluster.instance_type.has_value(), "instanceType"},
        std::pair{cluster.instance_count.has_value(), "instanceCount"}}) {
    if (given) continue;
    return invalid(
        fmt::format("1 validation error detected: Value null at "
                    "'processingResources.clusterConfig.{}' failed to satisfy constraint: Member "
                    "must not be null",
                    member));
  }
  if (*cluster.instance_count > 1) {
    return invalid(
        "Clary does not run jobs of several hosts yet: ClusterConfig.InstanceCount must be 1.");
  }
  return std::nullopt;
}

domain::Channel channel_of(const api::ProcessingInput& input) {
  const api::ProcessingS3Input& source = *input.s3_input;
  return {.name = input.input_name,
          .uri = source.s3_uri,
          .data_type = source.s3_data_type,
          .distribution = source.s3_data_distribution_type.value_or("FullyReplicated"),
          .input_mode = source.s3_input_mode.value_or("File"),
          .compression = source.s3_compression_type.value_or("None"),
          .path = without_slashes_at_end(*source.local_path)};
}

domain::Output output_of(const api::ProcessingOutput& output) {
  return {.name = output.output_name,
          .uri = output.s3_output->s3_uri,
          .path = without_slashes_at_end(*output.s3_output->local_path),
          .continuous = output.s3_output->s3_upload_mode == "Continuous"};
}

domain::JobSpec spec_of(const api::CreateProcessingJobRequest& request) {
  domain::JobSpec spec;
  spec.image = request.app_specification.image_uri;
  spec.role = request.role_arn;
  if (request.environment) spec.environment = *request.environment;
  if (request.processing_inputs) {
    for (const api::ProcessingInput& input : *request.processing_inputs)
      spec.channels.push_back(channel_of(input));
  }
  if (request.processing_output_config) {
    for (const api::ProcessingOutput& output : request.processing_output_config->outputs)
      spec.outputs.push_back(output_of(output));
  }
  const std::vector<std::string> none;
  spec.command = {.entry_point = request.app_specification.container_entrypoint.value_or(none),
                  .arguments = request.app_specification.container_arguments.value_or(none)};
  const api::ProcessingClusterConfig& cluster = request.processing_resources.cluster_config;
  spec.instance_type = *cluster.instance_type;
  spec.instance_count = static_cast<int>(*cluster.instance_count);
  spec.max_runtime_seconds = request.stopping_condition
                                 ? request.stopping_condition->max_runtime_in_seconds
                                 : kDefaultMaxRuntimeSeconds;
  spec.network_isolation =
      request.network_config && request.network_config->enable_network_isolation.value_or(false);
  return spec;
}

}  // namespace

Outcome<Job> job_of(const api::CreateProcessingJobRequest& request, const CallContext& context) {
  std::map<std::string, std::string> claimed;
  if (const Complaint complaint = check_resources(request)) return *complaint;
  if (const Complaint complaint = check_inputs(request, claimed)) return *complaint;
  if (const Complaint complaint = check_outputs(request, claimed)) return *complaint;
  Job job;
  job.kind = domain::JobKind::kProcessing;
  job.name = JobName(request.processing_job_name);
  job.arn = job_arn(job.kind, request.processing_job_name, context);
  job.request = to_kept_text(request);
  job.spec = spec_of(request);
  return job;
}

void fill_in(api::CreateProcessingJobRequest& request) {
  if (request.processing_inputs) {
    for (api::ProcessingInput& input : *request.processing_inputs) {
      if (!input.app_managed) input.app_managed = false;
      if (!input.s3_input) continue;
      if (!input.s3_input->s3_input_mode) input.s3_input->s3_input_mode = "File";
      if (!input.s3_input->s3_data_distribution_type)
        input.s3_input->s3_data_distribution_type = "FullyReplicated";
      if (!input.s3_input->s3_compression_type) input.s3_input->s3_compression_type = "None";
    }
  }
  if (request.processing_output_config) {
    for (api::ProcessingOutput& output : request.processing_output_config->outputs) {
      if (!output.app_managed) output.app_managed = false;
    }
  }
  if (!request.stopping_condition)
    request.stopping_condition =
        api::ProcessingStoppingCondition{.max_runtime_in_seconds = kDefaultMaxRuntimeSeconds};
}

}  // namespace clary::services
