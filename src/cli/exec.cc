#include "cli/commands.h"
#include "cli/job_kind.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode exec(const Context& context, const ExecOptions& options) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto found = find_job(*api, options.job);
  if (!found.ok()) return fail(context, found.error());
  const auto timeline = api->timeline(found->kind->word, found->name);
  if (!timeline.ok()) return fail(context, timeline.error().within(found->title()));
  const auto code = context.tools.enter_job(context.data_folder, timeline->string_or("gang", ""),
                                            options.command);
  if (!code.ok()) {
    const ExitCode failed = fail(context, code.error().within(found->title()));
    constexpr int kNoSuchCommand = 127;  // as a shell says it
    return failed == ExitCode::kNotFound ? static_cast<ExitCode>(kNoSuchCommand) : failed;
  }
  return static_cast<ExitCode>(*code);
}

}  // namespace clary::cli
