#include "base/json.h"
#include "cli/commands.h"
#include "cli/job_kind.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode stop(const Context& context, const std::string& job) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto found = find_job(*api, job);
  if (!found.ok()) return fail(context, found.error());
  const std::string member = found->kind->member("Name");
  const auto stopped =
      api->sagemaker("Stop" + found->kind->member(""), Document::object({{member, found->name}}));
  if (!stopped.ok()) return fail(context, stopped.error().within(found->title()));
  if (context.json) {
    context.terminal.print(
        to_pretty_json(Document::object({{member, found->name}, {"Stopping", true}})) + "\n");
  } else {
    context.terminal.say(found->title() + " is stopping; its artifacts are still uploaded");
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
