#include "base/json.h"
#include "cli/commands.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode stop(const Context& context, const std::string& job) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto stopped =
      api->sagemaker("StopTrainingJob", Document::object({{"TrainingJobName", job}}));
  if (!stopped.ok()) return fail(context, stopped.error().within("training job '" + job + "'"));
  if (context.json) {
    context.terminal.print(
        to_pretty_json(Document::object({{"TrainingJobName", job}, {"Stopping", true}})) + "\n");
  } else {
    context.terminal.say("training job '" + job +
                         "' is stopping; its artifacts are still uploaded");
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
