#include "apps/serve_command.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "apps/environment_options.h"
#include "apps/heeded_signals.h"
#include "apps/server_program.h"
#include "apps/settings.h"
#include "base/files.h"
#include "cli/client_commands.h"
#include "cli/unread_text.h"

namespace clary::apps {
namespace {

struct ServeOptions {
  std::string data;
  std::string listen;
  std::string config;
  std::string sandbox;
  std::string objects;
  std::string endpoint;
  std::string metadata;
  std::string tls_cert;
  std::string tls_key;
  bool tls = false;
  bool allow_reset = false;
  bool print_config = false;
};

Result<Settings> settings_from(const ServeOptions& options) {
  Settings settings;
  const std::map<std::string, std::string> variables = cli::read_variables(environ);
  settings.data =
      absolute_path(options.data.empty() ? cli::default_data_folder(variables) : options.data);
  std::string config = settings_file(settings.data, options.config);
  if (!config.empty()) {
    CLARY_RETURN_IF_ERROR(read_settings_file(config, settings));
    settings.file = real_path(config).value_or(config);
  }
  const auto replace = [&settings](const std::string& option, const char* key, std::string& value) {
    if (option.empty()) return;
    value = option;
    settings.lines.erase(key);
  };
  replace(options.listen, "listen", settings.listen);
  replace(options.sandbox, "jobs.sandbox", settings.sandbox);
  replace(options.objects, "objects.location", settings.objects_location);
  replace(options.endpoint, "objects.endpoint", settings.objects_endpoint);
  replace(options.metadata, "metadata", settings.metadata);
  replace(options.tls_cert, "tls.cert", settings.tls_cert);
  replace(options.tls_key, "tls.key", settings.tls_key);
  settings.tls_own = settings.tls_own || options.tls;
  settings.allow_reset = settings.allow_reset || options.allow_reset;
  CLARY_RETURN_IF_ERROR(check_settings(settings));
  const Status named =
      runtime::Environments(environment_options(settings, variables)).check_preferred();
  if (!named.ok()) return setting_error(settings, "environments.default", named.error().message);
  return settings;
}

int serve(const Settings& settings) {
  ::umask(077);
  const pid_t shell = shell_at_terminal();
  const Fd signals = heeded_signals();
  Result<std::unique_ptr<ServerProgram>> program = ServerProgram::start(settings);
  if (!program.ok()) {
    std::fprintf(stderr, "clary serve: %s\n", program.error().message.c_str());
    return 1;
  }
  std::printf(
      "clary serve: ready on %s://%s, data in %s%s\n", settings.uses_tls() ? "https" : "http",
      (*program)->address().c_str(), settings.data.c_str(),
      settings.objects_location.empty() ? ""
                                        : (", objects in " + settings.objects_location).c_str());
  std::fflush(stdout);
  while (next_signal(signals, shell) == Heeded::kSentHangup && settings.uses_tls())
    (*program)->reload_certificate();
  (*program)->stop();
  return 0;
}

}  // namespace

int run_serve(int argc, const char* const* argv) {
  ServeOptions options;
  CLI::App app("The server, in the foreground.", "clary serve");
  app.failure_message(cli::unread_text);
  app.add_option("--data", options.data,
                 "Data directory (default: $CLARY_DATA, else ~/.local/share/clary)");
  app.add_option("--listen", options.listen,
                 "HOST:PORT; port 0 takes a free one (default: 127.0.0.1:4580)");
  app.add_option("--config", options.config,
                 "Settings (default: clary.toml in the data directory, when it is there)");
  app.add_option("--sandbox", options.sandbox, "bubblewrap (default) or process: no isolation");
  app.add_option("--objects", options.objects,
                 "s3://BUCKET/PREFIX: keeps objects there (default: in the data directory)");
  app.add_option("--endpoint", options.endpoint,
                 "http(s)://HOST:PORT of that S3 (default: AWS); keys for it: objects.profile");
  app.add_option("--metadata", options.metadata,
                 "postgresql://USER@HOST/DATABASE keeps jobs and keys (default: SQLite in DIR)");
  app.add_flag("--tls", options.tls,
               "https, with a certificate of an authority made in the data directory");
  app.add_option("--tls-cert", options.tls_cert, "https, with this certificate and chain (PEM)");
  app.add_option("--tls-key", options.tls_key, "Its private key (PEM)");
  app.add_flag("--allow-reset", options.allow_reset,
               "POST /_clary/reset empties the store: for test suites");
  app.add_flag("--print-config", options.print_config,
               "Print every setting with its meaning and default, and end");
  try {
    app.parse(argc - 1, argv + 1);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  }
  if (options.print_config) {
    std::fputs(documented_settings().c_str(), stdout);
    return 0;
  }
  const Result<Settings> settings = settings_from(options);
  if (!settings.ok()) {
    std::fprintf(stderr, "clary serve: %s\n", settings.error().message.c_str());
    return 2;
  }
  return serve(*settings);
}

}  // namespace clary::apps
