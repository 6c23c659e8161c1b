#include "runtime/serving_plan.h"

#include <utility>

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

}  // namespace

void plan_serving(const domain::Job& job, std::string socket, hostlink::HostPlan& plan) {
  const domain::ModelContainer& container = job.spec.model;
  plan.kind = "serving";
  plan.environment = container.environment;
  plan.environment.insert(plan.environment.end(), job.spec.environment.begin(),
                          job.spec.environment.end());
  plan.model = {
      .form = form_name(container.form), .uri = container.model_uri, .many = container.many_models};
  plan.serving_socket = std::move(socket);
  plan.framework_module.clear();
  plan.kept_folder.clear();
  plan.max_runtime_seconds = 0;
  plan.stop_grace_seconds = kServingGraceSeconds;
}

}  // namespace clary::runtime
