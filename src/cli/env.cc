#include <filesystem>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/server_record.h"
#include "cli/shell_text.h"

namespace clary::cli {

namespace {

Result<Exports> exports_of(const Context& context) {
  CLARY_TRY(const ServerRecord server, running_server(context.data_folder));
  CLARY_TRY(const KeyPair key, context.tools.root_key(context.data_folder));
  CLARY_TRY(const std::string hook, context.tools.client_hook(context.data_folder));
  Exports exports = client_exports(server, key, hook, context.tools.variables);
  // So that `clary jobs` in the same shell asks the same server.
  exports.emplace_back("CLARY_DATA", std::filesystem::absolute(context.data_folder).string());
  return exports;
}

Shell chosen_shell(const Context& context, const std::string& asked) {
  if (!asked.empty()) return shell_of(asked);
  const auto found = context.tools.variables.find("SHELL");
  return found == context.tools.variables.end() ? Shell::kBash : shell_of(found->second);
}

}  // namespace

ExitCode env(const Context& context, const std::string& shell) {
  const auto exports = exports_of(context);
  if (!exports.ok()) return fail(context, exports.error());
  if (context.json) {
    Document object = Document::object();
    for (const auto& [name, value] : *exports)
      object.set(name, value ? Document(*value) : Document());
    context.terminal.print(to_pretty_json(object) + "\n");
    return ExitCode::kOk;
  }
  const Shell chosen = chosen_shell(context, shell);
  context.terminal.print(shell_text(*exports, chosen));
  if (context.terminal.traits().interactive && context.terminal.traits().colour) {
    const std::string data = " --data " + context.data_folder;
    context.terminal.say(chosen == Shell::kFish ? "# clary env" + data + " | source"
                                                : "# eval \"$(clary env" + data + ")\"");
  }
  return ExitCode::kOk;
}

}  // namespace clary::cli
