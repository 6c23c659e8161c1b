// The tree of /opt/ml, made anew: what a killed host program had staged is staged again.
#include <array>

#include "base/files.h"
#include "host/serving_program.h"
#include "host/steps.h"

namespace clary::host {

namespace {

Status make_processing_folders(const HostContext& context) {
  for (const char* folder : {"config", "output", "processing"})
    CLARY_RETURN_IF_ERROR(make_folders(path_join(context.job_folder, folder)));
  return {};
}

}  // namespace

Status make_job_folders(HostContext& context) {
  const bool serving = runs_model_server(context.plan);
  context.say_state("downloading",
                    serving ? "Fetching the model" : "Preparing the job's folders, input and code");
  CLARY_RETURN_IF_ERROR(remove_tree(context.job_folder));
  if (context.plan.kind == "processing") return make_processing_folders(context);
  if (serving) return make_folders(path_join(context.job_folder, "model"));
  constexpr std::array<std::string_view, 7> folders = {"input/config",
                                                       "input/data",
                                                       "code",
                                                       "model",
                                                       "output/data",
                                                       "output/intermediate",
                                                       "output/metrics/sagemaker"};
  for (const std::string_view folder : folders) {
    CLARY_RETURN_IF_ERROR(make_folders(path_join(context.job_folder, folder)));
  }
  return {};
}

}  // namespace clary::host
