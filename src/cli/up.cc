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
  if (options.tls) command.emplace_back("--tls");
  return command;
}

struct Started {
  bool by_us = false;  // this command started it
};

// Starts a server unless one holds the data directory, and waits until it answers. One that is just
// going down is waited for.
Result<Started> start_and_wait(const Context& context, const UpOptions& options) {
  const std::string log_file = path_join(context.data_folder, "server.log");
  const std::uint64_t log_start = size_of(log_file);
  const Duration deadline = context.tools.clock->steady() + options.patience;
  std::optional<BackgroundServer> started;
  for (;;) {
    const bool is_held = lock_holder(context.data_folder).has_value();
    if (is_held && answers(context.data_folder)) return Started{started.has_value()};
    if (started && started->ended()) {
      return internal_error("the server ended while it started:\n" +
                            text_after(log_file, log_start));
    }
    if (!started && !is_held) {
      CLARY_TRY(started, start_in_background(serve_command(context, options), log_file));
    }
    if (context.tools.clock->steady() >= deadline) {
      return timed_out("the server does not answer /readyz; its log is " + log_file);
    }
    context.terminal.progress("starting clary ...");
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace

ExitCode up(const Context& context, const UpOptions& options) {
  const Status made = make_folders(context.data_folder, 0700);
  if (!made.ok()) return fail(context, made.error());
  const auto started = start_and_wait(context, options);
  context.terminal.progress("");
  if (!started.ok()) return fail(context, started.error());
  if (const auto record = read_server_record(context.data_folder); record.ok()) {
    context.terminal.say(std::string("clary ") +
                         (started->by_us ? "is running" : "is already running") + " at " +
                         record->endpoint() + " (data: " + context.data_folder + ")");
  }
  return env(context, options.shell);
}

}  // namespace clary::cli
