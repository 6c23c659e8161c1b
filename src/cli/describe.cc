#include "base/json.h"
#include "cli/commands.h"
#include "cli/job_kind.h"
#include "cli/job_text.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode describe(const Context& context, const std::string& job) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto found = find_job(*api, job);
  if (!found.ok()) return fail(context, found.error());
  const auto timeline = api->timeline(found->kind->word, found->name);
  if (!timeline.ok()) return fail(context, timeline.error().within(found->title()));
  if (context.json) {
    Document whole = found->description;
    const Document* events = timeline->find("events");
    whole.set("Events", events == nullptr ? Document::array() : *events);
    context.terminal.print(to_pretty_json(whole) + "\n");
  } else {
    context.terminal.print(
        job_text(found->description, *timeline, context.tools.clock->now(), context.terminal));
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
