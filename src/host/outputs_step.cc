// A processing job's outputs: folders that are there before its program starts, kept as objects
// under their prefixes, some of them while it runs.
#include "base/files.h"
#include "host/job_tree.h"
#include "host/kept_folder.h"
#include "host/steps.h"

namespace clary::host {

Status make_outputs(HostContext& context) {
  for (const hostlink::PlanOutput& output : context.plan.outputs) {
    CLARY_TRY(const std::string folder, inside_job_folder(output.path));
    CLARY_RETURN_IF_ERROR(make_folders(path_join(context.job_folder, folder)));
  }
  return open_outputs(context);
}

Status open_outputs(HostContext& context) {
  context.outputs.clear();
  for (const hostlink::PlanOutput& output : context.plan.outputs) {
    CLARY_TRY(std::string folder, inside_job_folder(output.path));
    CLARY_TRY(KeptFolder kept, KeptFolder::open(context, {.subject = "Output '" + output.name + "'",
                                                          .root = context.job_folder,
                                                          .path = std::move(folder),
                                                          .uri = output.uri}));
    context.outputs.push_back(std::make_unique<KeptFolder>(std::move(kept)));
  }
  return {};
}

}  // namespace clary::host
