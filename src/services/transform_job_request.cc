#include "services/transform_job_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/json_path.h"
#include "base/strings.h"
#include "services/job_rules.h"
#include "services/kept_text.h"

namespace clary::services {
namespace {

using domain::Job;

constexpr std::int64_t kMostPayloadMb = 100;  // Source: AWS, MaxPayloadInMB
constexpr std::int64_t kMostConcurrent = 256;
constexpr std::int64_t kMostInstances = 100;
constexpr std::array<std::string_view, 3> kFilteredTypes = {"text/csv", "application/json",
                                                            "application/jsonlines"};

Complaint check_model(const domain::Model& model) {
  if (model.containers.size() != 1) {
    return invalid(
        fmt::format("Clary does not transform with inference pipelines yet: the model \"{}\" has "
                    "{} containers.",
                    model.name.value(), model.containers.size()));
  }
  if (!model.containers.front().many_models) return std::nullopt;
  return invalid(
      fmt::format("A transform job needs a model of Mode SingleModel: \"{}\" is MultiModel.",
                  model.name.value()));
}

Complaint check_limits(const api::CreateTransformJobRequest& request) {
  const std::int64_t payload = request.max_payload_in_mb.value_or(0);
  const std::int64_t concurrent = request.max_concurrent_transforms.value_or(0);
  if (payload > kMostPayloadMb) {
    return invalid(fmt::format("MaxPayloadInMB cannot be greater than {}: it is {}.",
                               kMostPayloadMb, payload));
  }
  if (concurrent > kMostConcurrent) {
    return invalid(
        fmt::format("Clary sends at most {} requests at once: MaxConcurrentTransforms is {}.",
                    kMostConcurrent, concurrent));
  }
  if (payload * concurrent <= kMostPayloadMb) return std::nullopt;
  return invalid(
      fmt::format("MaxConcurrentTransforms * MaxPayloadInMB cannot exceed {} MB: {} * {} is {}.",
                  kMostPayloadMb, concurrent, payload, concurrent * payload));
}

Complaint check_json_path(std::string_view member, const std::optional<std::string>& filter) {
  if (!filter || filter->empty()) return std::nullopt;
  const auto path = JsonPath::parse(*filter);
  if (path.ok()) return std::nullopt;
  return invalid(fmt::format("Invalid DataProcessing.{}: {}.", member, path.error().message));
}

std::string plain_type(const std::optional<std::string>& content_type) {
  const std::string_view text = content_type ? std::string_view(*content_type) : "";
  return to_lower(trim(text.substr(0, text.find(';'))));
}

bool is_filtered(const std::string& type) {
  return std::ranges::find(kFilteredTypes, type) != kFilteredTypes.end();
}

// What is filtered or joined has records that can be told apart.
Complaint check_processing(const api::CreateTransformJobRequest& request) {
  if (!request.data_processing) return std::nullopt;
  const api::DataProcessing& processing = *request.data_processing;
  if (auto wrong = check_json_path("InputFilter", processing.input_filter)) return wrong;
  if (auto wrong = check_json_path("OutputFilter", processing.output_filter)) return wrong;
  const auto changes = [](const std::optional<std::string>& filter) {
    return filter && !filter->empty() && *filter != "$";
  };
  const bool joins = processing.join_source == "Input";
  if (!joins && !changes(processing.input_filter) && !changes(processing.output_filter))
    return std::nullopt;
  const std::string type = plain_type(request.transform_input.content_type);
  if (!is_filtered(type)) {
    return invalid(
        fmt::format("DataProcessing needs a TransformInput.ContentType of {}: it is \"{}\".",
                    "text/csv, application/json or application/jsonlines", type));
  }
  const std::string accepted = plain_type(request.transform_output.accept);
  const bool as_csv = type == kFilteredTypes[0];
  if (!joins || !is_filtered(accepted) || (accepted == kFilteredTypes[0]) == as_csv)
    return std::nullopt;
  return invalid(
      fmt::format("JoinSource Input needs answers in the form of the input: ContentType is \"{}\", "
                  "Accept \"{}\".",
                  type, accepted));
}

Complaint check_request(const api::CreateTransformJobRequest& request) {
  if (request.transform_resources.instance_count > kMostInstances) {
    return invalid(
        fmt::format("TransformResources.InstanceCount cannot be greater than {}: it is {}.",
                    kMostInstances, request.transform_resources.instance_count));
  }
  const std::string& input = request.transform_input.data_source.s3_data_source.s3_uri;
  if (auto wrong = check_uri("S3Uri of TransformInput", input)) return wrong;
  if (auto wrong = check_uri("S3OutputPath", request.transform_output.s3_output_path)) return wrong;
  if (auto wrong = check_limits(request)) return wrong;
  return check_processing(request);
}

// Source: AWS, MaxConcurrentTransforms: 0 is as if it were left out.
std::optional<int> unless_zero(const std::optional<std::int64_t>& value) {
  return value.value_or(0) == 0 ? std::nullopt : std::optional(static_cast<int>(*value));
}

domain::Transform transform_of(const api::CreateTransformJobRequest& request) {
  const domain::Transform absent;
  const api::TransformInput& input = request.transform_input;
  const api::TransformOutput& output = request.transform_output;
  domain::Transform made;
  made.input_uri = input.data_source.s3_data_source.s3_uri;
  made.data_type = input.data_source.s3_data_source.s3_data_type;
  made.content_type = input.content_type.value_or("");
  made.compression = input.compression_type.value_or(absent.compression);
  made.split = input.split_type.value_or(absent.split);
  made.accept = output.accept.value_or("");
  made.assemble = output.assemble_with.value_or(absent.assemble);
  made.strategy = request.batch_strategy.value_or("");
  made.max_concurrent = unless_zero(request.max_concurrent_transforms);
  if (request.max_payload_in_mb) made.max_payload_mb = static_cast<int>(*request.max_payload_in_mb);
  if (request.model_client_config) {
    const api::ModelClientConfig& client = *request.model_client_config;
    made.timeout_seconds =
        static_cast<int>(client.invocations_timeout_in_seconds.value_or(absent.timeout_seconds));
    made.max_retries =
        static_cast<int>(client.invocations_max_retries.value_or(absent.max_retries));
  }
  if (request.data_processing) {
    const api::DataProcessing& processing = *request.data_processing;
    made.input_filter = processing.input_filter.value_or(absent.input_filter);
    made.output_filter = processing.output_filter.value_or(absent.output_filter);
    made.join_input = processing.join_source == "Input";
  }
  return made;
}

}  // namespace

Outcome<Job> job_of(const api::CreateTransformJobRequest& request, const domain::Model& model,
                    const CallContext& context) {
  if (const Complaint complaint = check_request(request)) return *complaint;
  if (const Complaint complaint = check_model(model)) return *complaint;
  Job job;
  job.kind = domain::JobKind::kTransform;
  job.name = JobName(request.transform_job_name);
  job.arn = job_arn(job.kind, request.transform_job_name, context);
  job.request = to_kept_text(request);
  job.output_uri = request.transform_output.s3_output_path;
  job.spec.role = model.role;
  job.spec.model = model.containers.front();
  job.spec.transform = transform_of(request);
  if (request.environment) job.spec.environment = *request.environment;
  job.spec.output_uri = request.transform_output.s3_output_path;
  job.spec.instance_type = request.transform_resources.instance_type;
  job.spec.instance_count = static_cast<int>(request.transform_resources.instance_count);
  job.spec.max_runtime_seconds = 0;  // it has no limit
  job.spec.network_isolation = model.network_isolation;
  return job;
}

void fill_in_transform(api::CreateTransformJobRequest& request) {
  const auto fill = [](std::optional<std::string>& member, const char* value) {
    if (!member) member = value;
  };
  fill(request.transform_input.compression_type, "None");
  fill(request.transform_input.split_type, "None");
  fill(request.transform_output.assemble_with, "None");
  fill(request.transform_output.kms_key_id, "");
  if (!request.data_processing) request.data_processing.emplace();
  fill(request.data_processing->input_filter, "$");
  fill(request.data_processing->output_filter, "$");
  fill(request.data_processing->join_source, "None");
}

}  // namespace clary::services
