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
  const auto timeline = api->timeline(job);
  if (!timeline.ok()) return fail(context, timeline.error().within("training job '" + job + "'"));
  if (context.json) {
    Document whole = *found;
    const Document* events = timeline->find("events");
    whole.set("Events", events == nullptr ? Document::array() : *events);
    context.terminal.print(to_pretty_json(whole) + "\n");
  } else {
    context.terminal.print(
        job_text(*found, *timeline, context.tools.clock->now(), context.terminal));
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
