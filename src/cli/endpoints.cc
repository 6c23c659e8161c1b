#include "base/json.h"
#include "cli/commands.h"
#include "cli/endpoint_text.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode endpoints(const Context& context, const EndpointsOptions& options) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const Document request = Document::object(
      {{"SortBy", "CreationTime"}, {"SortOrder", "Descending"}, {"MaxResults", 100}});
  const auto summaries = api->sagemaker_pages("ListEndpoints", request, "Endpoints", options.limit);
  if (!summaries.ok()) return fail(context, summaries.error());
  std::vector<Document> found;
  for (const Document& summary : *summaries) {
    auto described = describe_endpoint(*api, summary.string_or("EndpointName", ""));
    if (!described.ok() && described.error().code == ErrorCode::kNotFound) continue;  // just gone
    if (!described.ok()) return fail(context, described.error());
    found.push_back(std::move(described).value());
  }
  if (context.json) {
    context.terminal.print(to_pretty_json(Document(std::move(found))) + "\n");
  } else {
    context.terminal.print(endpoint_list_text(found, context.terminal));
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
