#include <unistd.h>

#include <optional>
#include <thread>

#include "base/files.h"
#include "base/json.h"
#include "cli/background.h"
#include "cli/commands.h"
#include "cli/server_record.h"

namespace clary::cli {

namespace {

constexpr auto kLook = std::chrono::milliseconds(20);

bool answers(const std::string& data_folder) {
  const auto record = read_server_record(data_folder);
  return record.ok() && is_ready(*record);
}

std::string absolute(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char folder[4096];
  return ::getcwd(folder, sizeof folder) == nullptr ? path : path_join(folder, path);
}

std::vector<std::string> serve_command(const Context& context, const UpOptions& options) {
  std::vector<std::string> command = {context.tools.program, "serve", "--data",
                                      context.data_folder};
  if (!options.listen.empty()) command.insert(command.end(), {"--listen", options.listen});
  if (!options.config.empty())
    command.insert(command.end(), {"--config", absolute(options.config)});
  return command;
}

// Waits until the server answers. started: the process this command started, if it did.
Status wait_ready(const Context& context, const UpOptions& options,
                  std::optional<BackgroundServer> started, const std::string& log_file,
                  std::size_t log_start) {
  const Duration deadline = context.tools.clock->steady() + options.patience;
  while (!answers(context.data_folder)) {
    if (started && started->ended()) {
      const std::string said = tail_of(log_file, 4096);
      const std::string log = read_file(log_file).value_or("");
      return internal_error("the server ended while it started:\n" +
                            (log.size() > log_start ? log.substr(log_start) : said));
    }
    if (context.tools.clock->steady() >= deadline) {
      return timed_out("the server does not answer /readyz; its log is " + log_file);
    }
    context.terminal.progress("starting clary ...");
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

}  // namespace

ExitCode up(const Context& context, const UpOptions& options) {
  const std::string log_file = path_join(context.data_folder, "server.log");
  if (const Status made = make_folders(context.data_folder, 0700); !made.ok())
    return fail(context, made.error());
  std::optional<BackgroundServer> started;
  std::size_t log_start = 0;
  const bool was_running = lock_holder(context.data_folder).has_value();
  if (!was_running) {
    log_start = read_file(log_file).value_or("").size();
    auto server = start_in_background(serve_command(context, options), log_file);
    if (!server.ok()) return fail(context, server.error());
    started = *server;
  }
  const Status ready = wait_ready(context, options, started, log_file, log_start);
  context.terminal.progress("");
  if (!ready.ok()) return fail(context, ready.error());
  if (const auto record = read_server_record(context.data_folder); record.ok()) {
    context.terminal.say("clary " + std::string(was_running ? "is already running" : "is running") +
                         " at " + record->endpoint() + " (data: " + context.data_folder + ")");
  }
  return env(context, options.shell);
}

}  // namespace clary::cli
