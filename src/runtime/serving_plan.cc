#include "runtime/serving_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "runtime/image_name.h"

namespace clary::runtime {
namespace {

constexpr std::int64_t kServingGraceSeconds = 30;  // Source: contract.md 7.1
constexpr int kDefaultPayloadMb = 6;               // Source: AWS, MaxPayloadInMB

std::string form_name(domain::ModelDataForm form) {
  switch (form) {
    case domain::ModelDataForm::kNone:
      return "none";
    case domain::ModelDataForm::kArchive:
      return "archive";
    case domain::ModelDataForm::kObject:
      return "object";
    case domain::ModelDataForm::kObjects:
      return "objects";
  }
  return "none";
}

// What a transform's container knows of it. Source: contract.md 2.3; the words of the strategy as
// SageMaker's own algorithms and the SDK's local mode have them.
void add_transform_variables(const domain::Transform& transform, hostlink::HostPlan& plan) {
  const auto add = [&plan](const char* name, std::string value) {
    plan.environment.emplace_back(name, std::move(value));
  };
  add("SAGEMAKER_BATCH", "true");
  add("SAGEMAKER_BATCH_STRATEGY",
      transform.strategy == "SingleRecord" ? "SINGLE_RECORD" : "MULTI_RECORD");
  add("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", std::to_string(transform.max_concurrent.value_or(1)));
  add("SAGEMAKER_MAX_PAYLOAD_IN_MB",
      std::to_string(transform.max_payload_mb.value_or(kDefaultPayloadMb)));
  // Not AWS's: there the model server's own minute comes before a longer limit of the job. Here it
  // is the job that says that its model took too long.
  add("SAGEMAKER_MODEL_SERVER_TIMEOUT", std::to_string(transform.timeout_seconds + 5));
}

hostlink::PlanTransform planned_transform(const domain::Transform& transform, int instances) {
  return {.input_uri = transform.input_uri,
          .data_type = transform.data_type,
          .content_type = transform.content_type,
          .compression = transform.compression,
          .split = transform.split,
          .accept = transform.accept,
          .assemble = transform.assemble,
          .strategy = transform.strategy,
          .max_concurrent = transform.max_concurrent,
          .max_payload_mb = transform.max_payload_mb,
          .timeout_seconds = transform.timeout_seconds,
          .max_retries = transform.max_retries,
          .input_filter = transform.input_filter,
          .output_filter = transform.output_filter,
          .join_input = transform.join_input,
          .instances = instances};
}

// Which default functions a model's script gets goes by the image; every other is told from the
// model's own files. The names are those of python/clary_serving/handlers/frameworks.py.
void name_framework(const std::string& image, hostlink::HostPlan& plan) {
  constexpr const char* kVariable = "CLARY_SERVING_FRAMEWORK";
  const std::string framework = parse_image_name(image).framework;
  if (framework != "sklearn" && framework != "xgboost" && framework != "tensorflow") return;
  const bool named = std::ranges::any_of(
      plan.environment, [](const auto& variable) { return variable.first == kVariable; });
  if (!named) plan.environment.emplace_back(kVariable, framework);
}

// As AWS's containers had it beside an accelerator.
void name_accelerator(const domain::JobSpec& spec, hostlink::HostPlan& plan) {
  plan.accelerator_type = spec.accelerator_type;
  if (!spec.accelerator_type.empty())
    plan.environment.emplace_back("SAGEMAKER_INFERENCE_ACCELERATOR_PRESENT", "true");
}

}  // namespace

compute::Resources serverless_resources(const domain::Serverless& asked,
                                        const compute::Resources& machine,
                                        std::vector<std::string>& notices) {
  const auto each = static_cast<std::uint64_t>(asked.memory_mib) << 20U;
  std::uint64_t cores =
      static_cast<std::uint64_t>(std::clamp(asked.max_concurrency, 1, std::max(machine.cores, 1)));
  if (machine.memory_bytes > 0) cores = std::min(cores, machine.memory_bytes / each);
  compute::Resources granted{.cores = static_cast<int>(std::max<std::uint64_t>(cores, 1))};
  granted.memory_bytes = each * static_cast<std::uint64_t>(granted.cores);
  if (machine.memory_bytes > 0 && granted.memory_bytes > machine.memory_bytes) {
    granted.memory_bytes = machine.memory_bytes;
    notices.push_back(fmt::format("MemorySizeInMB is {}; this machine gives the instance {} MiB",
                                  asked.memory_mib, granted.memory_bytes >> 20U));
  }
  return granted;
}

bool serves_model(const domain::Job& job) {
  return job.kind == domain::JobKind::kServing || job.kind == domain::JobKind::kTransform;
}

compute::Resources of_all_instances(const domain::Job& job, const compute::Resources& each) {
  if (job.kind != domain::JobKind::kTransform) return each;
  const int count = job.spec.instance_count;
  return {.cores = each.cores * count,
          .memory_bytes = each.memory_bytes * static_cast<std::uint64_t>(count),
          .gpus = each.gpus * count};
}

std::string shown_instances(const domain::Job& job) {
  const std::string& type = job.spec.instance_type;
  if (job.kind != domain::JobKind::kTransform || job.spec.instance_count == 1) return type;
  return std::to_string(job.spec.instance_count) + " x " + type;
}

void plan_serving(const domain::Job& job, std::string socket, hostlink::HostPlan& plan) {
  const domain::ModelContainer& container = job.spec.model;
  plan.kind = "serving";
  plan.environment.clear();
  if (job.spec.transform) {
    plan.kind = "transform";
    plan.transform = planned_transform(*job.spec.transform, job.spec.instance_count);
    add_transform_variables(*job.spec.transform, plan);
  }
  plan.environment.insert(plan.environment.end(), container.environment.begin(),
                          container.environment.end());
  plan.environment.insert(plan.environment.end(), job.spec.environment.begin(),
                          job.spec.environment.end());
  name_framework(container.image, plan);
  name_accelerator(job.spec, plan);
  plan.model = {
      .form = form_name(container.form), .uri = container.model_uri, .many = container.many_models};
  plan.serving_socket = std::move(socket);
  plan.framework_module.clear();
  plan.kept_folder.clear();
  plan.max_runtime_seconds = 0;
  plan.stop_grace_seconds = job.spec.transform
                                ? std::min(plan.stop_grace_seconds, kServingGraceSeconds)
                                : kServingGraceSeconds;
}

}  // namespace clary::runtime
