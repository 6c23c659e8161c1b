// The configuration files of the container.
#include "base/files.h"
#include "base/json.h"
#include "host/container_files.h"
#include "host/steps.h"

namespace clary::host {

Status write_config_files(HostContext& context) {
  const bool processing = context.plan.kind == "processing";
  const std::string folder = path_join(context.job_folder, processing ? "config" : "input/config");
  const auto write = [&](std::string_view name, const Document& file) {
    return write_file_atomically(path_join(folder, name), to_json(file));
  };
  if (processing) {
    CLARY_TRY(const Document job, processing_job_config_file(context.plan));
    CLARY_RETURN_IF_ERROR(write("processingjobconfig.json", job));
    return write("resourceconfig.json", processing_resource_config_file(context.plan));
  }
  CLARY_RETURN_IF_ERROR(write("hyperparameters.json", hyperparameters_file(context.plan)));
  CLARY_RETURN_IF_ERROR(write("resourceconfig.json", resource_config_file(context.plan)));
  return write("inputdataconfig.json", input_data_config_file(context.plan));
}

}  // namespace clary::host
