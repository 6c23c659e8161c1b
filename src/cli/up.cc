#include <optional>
#include <thread>

#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/background.h"
#include "cli/commands.h"
#include "cli/last_address.h"
#include "cli/server_record.h"

namespace clary::cli {

namespace {

bool answers(const std::string& data_folder) {
  const auto record = read_server_record(data_folder);
  return record.ok() && is_ready(*record);
}

std::vector<std::string> serve_command(const Context& context, const UpOptions& options) {
  std::vector<std::string> command = {context.tools.program, "serve", "--data",
                                      context.data_folder};
  if (!options.listen.empty()) command.insert(command.end(), {"--listen", options.listen});
  if (!options.config.empty())
    command.insert(command.end(), {"--config", absolute_path(options.config)});
  if (options.tls) command.emplace_back("--tls");
  return command;
}

// said: what the server wrote before it ended. InvalidArgument: the command line or a setting is
// wrong.
Error why_it_ended(int status, std::string_view said) {
  const ErrorCode code = status == static_cast<int>(ExitCode::kUsage) ? ErrorCode::kInvalidArgument
                                                                      : ErrorCode::kInternal;
  constexpr std::string_view kLead = "clary serve: ";
  said = trim(said);
  const bool one_sentence = said.starts_with(kLead) && said.find('\n') == std::string_view::npos;
  if (one_sentence) {
    const std::string sentence(said.substr(kLead.size()));
    const bool taken = sentence.starts_with("address ") && sentence.ends_with(" is in use");
    return {code, sentence + (taken ? "; another one: --listen 127.0.0.1:PORT" : "")};
  }
  return {code, "the server ended while it started:\n" + std::string(said)};
}

struct Started {
  bool by_us = false;  // this command started it
};

// "localhost:80" → "127.0.0.1:80", with `port` in the place of 0, which takes any.
std::string bound_form(std::string listen, std::string_view port) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return listen;
  std::string host = listen.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  const std::string asked = listen.substr(colon + 1);
  return host + ":" + (asked == "0" ? std::string(port) : asked);
}

// The options that ask for another server than the one that runs; "": none.
std::string asked_otherwise(const ServerRecord& running, const UpOptions& options) {
  const std::string_view port =
      std::string_view(running.listen).substr(running.listen.rfind(':') + 1);
  std::vector<std::string> asked;
  if (!options.listen.empty() && bound_form(options.listen, port) != bound_form(running.listen, ""))
    asked.push_back("--listen " + options.listen);
  if (options.tls && running.scheme != "https") asked.emplace_back("--tls");
  const std::string config = options.config.empty() ? "" : absolute_path(options.config);
  if (!config.empty() && real_path(config).value_or(config) != running.config)
    asked.push_back("--config " + options.config);
  return join(asked, " ");
}

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
    if (started) {
      if (const auto status = started->ended())
        return why_it_ended(*status, text_after(log_file, log_start));
    }
    if (!started && !is_held) {
      CLARY_TRY(started, start_in_background(serve_command(context, options), log_file));
    }
    if (context.tools.clock->steady() >= deadline) {
      return timed_out((started ? "the server still starts, in the background (pid " +
                                      std::to_string(started->pid) +
                                      "), and goes on; `clary up` waits for it"
                                : std::string("the server does not answer /readyz")) +
                       "; its log is " + log_file);
    }
    context.terminal.progress("starting clary ...");
    std::this_thread::sleep_for(kLookAgain);
  }
}

// The address of the last time where none is asked for: shells and profiles have been told it.
UpOptions with_address(const Context& context, UpOptions options) {
  if (!options.listen.empty()) return options;
  const std::string config = options.config.empty() ? "" : absolute_path(options.config);
  const auto settings = context.tools.settings({.data = context.data_folder, .config = config});
  if (settings.ok() && !settings->name_listen) options.listen = last_address(context.data_folder);
  return options;
}

}  // namespace

ExitCode up(const Context& context, const UpOptions& options) {
  const Status made = make_folders(context.data_folder, 0700);
  if (!made.ok()) return fail(context, made.error());
  const auto started = start_and_wait(context, with_address(context, options));
  context.terminal.progress("");
  if (!started.ok()) {
    const ExitCode failed = fail(context, started.error());
    return started.error().code == ErrorCode::kInvalidArgument ? ExitCode::kUsage : failed;
  }
  if (const auto record = read_server_record(context.data_folder); record.ok()) {
    const std::string otherwise = started->by_us ? "" : asked_otherwise(*record, options);
    if (!otherwise.empty()) {
      return fail(context, conflict("a server runs already at " + record->endpoint() +
                                    " (data: " + context.data_folder + "), and " + otherwise +
                                    " asks for another one; run `clary down` first"));
    }
    if (const Status noted = note_address(context.data_folder, record->listen); !noted.ok()) {
      context.terminal.say("the next `clary up` may choose another address: " +
                           harmless(noted.error().message));
    }
    context.terminal.say(std::string("clary ") +
                         (started->by_us ? "is running" : "is already running") + " at " +
                         record->endpoint() + " (data: " + context.data_folder + ")");
  }
  return env(context, options.shell);
}

}  // namespace clary::cli
