#include "base/json.h"
#include "cli/commands.h"
#include "cli/job_kind.h"
#include "cli/job_text.h"
#include "cli/plot.h"
#include "cli/series_text.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode describe(const Context& context, const DescribeOptions& options) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto found = find_job(*api, options.job);
  if (!found.ok()) return fail(context, found.error());
  const auto timeline = api->timeline(found->kind->word, found->name);
  if (!timeline.ok()) return fail(context, timeline.error().within(found->title()));
  const auto measured = api->series(found->kind->word, found->name);
  if (!measured.ok()) return fail(context, measured.error().within(found->title()));
  const std::vector<Series> series = series_of(*measured);
  if (!options.plot.empty()) {
    const Status drawn = draw_plot(found->name, series, options.plot);
    if (!drawn.ok()) return fail(context, drawn.error().within(found->title()));
    context.terminal.say("drew " + options.plot);
    return ExitCode::kOk;
  }
  if (context.json) {
    Document whole = found->description;
    const Document* events = timeline->find("events");
    whole.set("Events", events == nullptr ? Document::array() : *events);
    const Document* lists = measured->find("series");
    whole.set("Series", lists == nullptr ? Document::array() : *lists);
    context.terminal.print(to_pretty_json(whole) + "\n");
  } else {
    context.terminal.print(job_text(found->description, *timeline, series,
                                    context.tools.clock->now(), context.terminal));
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
