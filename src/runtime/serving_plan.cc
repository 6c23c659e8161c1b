#include "runtime/serving_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "runtime/image_name.h"

namespace clary::runtime {
namespace {

constexpr std::int64_t kServingGraceSeconds = 30;  // Source: contract.md 7.1

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

void plan_serving(const domain::Job& job, std::string socket, hostlink::HostPlan& plan) {
  const domain::ModelContainer& container = job.spec.model;
  plan.kind = "serving";
  plan.environment = container.environment;
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
  plan.stop_grace_seconds = kServingGraceSeconds;
}

}  // namespace clary::runtime
