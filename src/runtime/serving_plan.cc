#include "runtime/serving_plan.h"

#include <algorithm>
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

}  // namespace

void plan_serving(const domain::Job& job, std::string socket, hostlink::HostPlan& plan) {
  const domain::ModelContainer& container = job.spec.model;
  plan.kind = "serving";
  plan.environment = container.environment;
  plan.environment.insert(plan.environment.end(), job.spec.environment.begin(),
                          job.spec.environment.end());
  name_framework(container.image, plan);
  plan.model = {
      .form = form_name(container.form), .uri = container.model_uri, .many = container.many_models};
  plan.serving_socket = std::move(socket);
  plan.framework_module.clear();
  plan.kept_folder.clear();
  plan.max_runtime_seconds = 0;
  plan.stop_grace_seconds = kServingGraceSeconds;
}

}  // namespace clary::runtime
