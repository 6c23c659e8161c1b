#include <algorithm>
#include <functional>
#include <iterator>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/job_kind.h"
#include "cli/job_text.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode jobs(const Context& context, const JobsOptions& options) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  Document request = Document::object({{"SortBy", "CreationTime"}, {"SortOrder", "Descending"}});
  request.set("MaxResults",
              static_cast<std::int64_t>(std::clamp<std::size_t>(options.limit, 1, 100)));
  if (!options.status.empty()) request.set("StatusEquals", options.status);
  if (!options.name_contains.empty()) request.set("NameContains", options.name_contains);
  std::vector<Document> found;
  for (const JobKind& kind : kJobKinds) {
    auto some = api->sagemaker_pages("List" + kind.member("s"), request, kind.member("Summaries"),
                                     options.limit);
    if (!some.ok()) return fail(context, some.error());
    std::ranges::move(*some, std::back_inserter(found));
  }
  std::ranges::stable_sort(found, std::greater(),
                           [](const Document& job) { return job.double_or("CreationTime", 0); });
  found.resize(std::min(found.size(), options.limit));
  if (context.json) {
    context.terminal.print(to_pretty_json(Document(std::move(found))) + "\n");
  } else {
    context.terminal.print(job_list_text(found, context.tools.clock->now(), context.terminal));
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
