#include "base/files.h"
#include "cli/commands.h"
#include "cli/endpoint_text.h"
#include "cli/server_api.h"

namespace clary::cli {

ExitCode invoke(const Context& context, const InvokeOptions& options) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  auto body = read_file(options.file);
  if (!body.ok()) return fail(context, body.error());
  ServerApi::Invocation call{.endpoint = options.endpoint, .body = std::move(body).value()};
  call.content_type =
      options.content_type.empty() ? content_type_of(options.file) : options.content_type;
  call.accept = options.accept;
  const auto answer = api->invoke(call);
  if (!answer.ok()) return fail(context, answer.error());
  if (options.output.empty()) {
    context.terminal.print(*answer);
    return ExitCode::kOk;
  }
  const Status written = write_file_atomically(options.output, *answer);
  return written.ok() ? ExitCode::kOk : fail(context, written.error());
}

}  // namespace clary::cli
