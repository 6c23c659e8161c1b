// One function per command; each stands in a file of its name. They return what the process exits
// with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/client_commands.h"
#include "cli/terminal.h"

namespace clary::cli {

// What every command is given.
struct Context {
  const Tools& tools;
  const Terminal& terminal;
  std::string data_folder;  // absolute
  bool json = false;
  std::string config = {};  // of `doctor` and `environments`: absolute; "": none was named

  Site site() const { return {.data = data_folder, .config = config}; }
};

struct UpOptions {
  std::string listen;  // "": the server's own default
  std::string config;
  bool tls = false;  // https, with an authority of one's own
  std::string shell;
  Duration patience = std::chrono::seconds(30);
};
ExitCode up(const Context& context, const UpOptions& options);

struct DownOptions {
  Duration patience = std::chrono::seconds(30);
};
ExitCode down(const Context& context, const DownOptions& options);

ExitCode env(const Context& context, const std::string& shell);
// An AWS profile `clary`, and a start file in a virtual environment that makes its Pythons use it;
// and both away again.
ExitCode env_install(const Context& context, const std::string& venv);
ExitCode env_uninstall(const Context& context, const std::string& venv);

struct JobsOptions {
  std::string status;  // "": all
  std::string name_contains;
  std::size_t limit = 20;
};
ExitCode jobs(const Context& context, const JobsOptions& options);

struct DescribeOptions {
  std::string job;
  std::string plot;  // a PNG to draw, in the place of text; "": none
};
ExitCode describe(const Context& context, const DescribeOptions& options);

struct LogsOptions {
  std::string job;
  bool follow = false;
  Duration interval = std::chrono::milliseconds(250);  // between two looks
  Duration patience = std::chrono::minutes(2);         // with a server that is away meanwhile
};
ExitCode logs(const Context& context, const LogsOptions& options);

ExitCode stop(const Context& context, const std::string& job);

struct EndpointsOptions {
  std::size_t limit = 100;
};
ExitCode endpoints(const Context& context, const EndpointsOptions& options);

struct InvokeOptions {
  std::string endpoint;
  std::string file;          // the request's body
  std::string content_type;  // "": by the file's name
  std::string accept;        // "": not said
  std::string output;        // a file for the answer; "": standard output
};
ExitCode invoke(const Context& context, const InvokeOptions& options);

struct ExecOptions {
  std::string job;
  std::vector<std::string> command;  // empty: a shell
};
// Exits with what the command exits with.
ExitCode exec(const Context& context, const ExecOptions& options);

// Of what has no effect: how much there is, or every member with its reason. JSON has it all.
enum class Detail { kSummary, kAll };
ExitCode doctor(const Context& context, Detail effectless);

ExitCode environments_list(const Context& context);
ExitCode environments_probe(const Context& context, const std::string& name);
ExitCode environments_add(const Context& context, const std::string& name,
                          const std::string& python);
ExitCode environments_create(const Context& context, const std::string& name,
                             const std::vector<std::string>& packages);
// Compiles the model server's torch engine for one.
ExitCode environments_build_engine(const Context& context, const std::string& name);
ExitCode environments_remove(const Context& context, const std::string& name);

ExitCode check(const Context& context, const CheckOptions& options);
ExitCode backup(const Context& context, const CopyOptions& options);
ExitCode restore(const Context& context, const CopyOptions& options);

struct KeyOptions {
  std::string user;
  std::string policy_file;  // JSON; "": everything but iam, for a user that is new
};
ExitCode keys_create(const Context& context, const KeyOptions& options);
ExitCode keys_list(const Context& context);
ExitCode keys_revoke(const Context& context, const std::string& id);
// A new key for the same user, then the old one ends.
ExitCode keys_rotate(const Context& context, const std::string& id);

// Says the error to standard error and returns the status that stands for it.
ExitCode fail(const Context& context, const Error& error);

}  // namespace clary::cli
