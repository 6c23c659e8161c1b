#include "base/json.h"
#include "cli/commands.h"
#include "cli/job_text.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode describe(const Context& context, const std::string& job) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto found =
      api->sagemaker("DescribeTrainingJob", Document::object({{"TrainingJobName", job}}));
  if (!found.ok()) return fail(context, found.error().within("training job '" + job + "'"));
  if (context.json) {
    context.terminal.print(to_pretty_json(*found) + "\n");
  } else {
    context.terminal.print(job_text(*found, context.tools.clock->now(), context.terminal));
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
