// The commands that a person types beside a running server: up, down, env, jobs, describe, logs,
// stop, exec, doctor, environments.
//
// They speak to the server over its own API, signed with the root key of the data directory. What
// they need of other folders comes in as functions. docs/cli.md is their manual.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "base/tagged.h"

namespace clary::cli {

// What the program's exit status says. docs/cli.md lists them.
enum class ExitCode { kOk = 0, kFailed = 1, kUsage = 2, kNotFound = 3, kNoServer = 4 };

struct KeyPair {
  AccessKeyId id;
  Secret secret;
};

// What `doctor` and `environments` look at.
struct Site {
  std::string data;         // the data directory; may not exist yet
  std::string config = {};  // the clary.toml to read; "": the one that its server reads
};

// One line of `clary doctor`.
struct Finding {
  enum class State { kWorks, kLimited, kBroken };  // kLimited: jobs run, without something
  std::string subject;                             // "bubblewrap"
  State state = State::kWorks;
  std::string found;  // what there is, or what does not happen
  std::string mend;   // the command or setting that would help; "" when it works
};
// Looks at one thing.
using Probe = std::function<Finding(const Site& site)>;

// A Python interpreter that stands in for images.
struct EnvironmentRow {
  std::string name;
  std::string origin;   // "VIRTUAL_ENV", "PATH", "added", "created"
  std::string python;   // path
  std::string version;  // of Python
  std::vector<std::pair<std::string, std::string>> packages;  // frameworks it has, with versions
  std::string problem;                                        // why it cannot be used, or ""
};

// The torch engine of one of them.
struct EngineRow {
  std::string environment;
  std::string library;  // path
  std::string torch;    // the version that it was built for
};

// Each fails where the settings of the site are broken.
struct EnvironmentTools {
  std::function<Result<std::vector<EnvironmentRow>>(const Site& site)> list;
  std::function<Result<EnvironmentRow>(const Site& site, const std::string& name)> probe;
  std::function<Result<EnvironmentRow>(const Site& site, const std::string& name,
                                       const std::string& python)>
      add;
  std::function<Result<EnvironmentRow>(const Site& site, const std::string& name,
                                       const std::vector<std::string>& packages,
                                       const std::function<void(std::string_view)>& on_output)>
      create;
  std::function<Status(const Site& site, const std::string& name)> remove;
  std::function<Result<EngineRow>(const Site& site, const std::string& name,
                                  const std::function<void(std::string_view)>& on_output)>
      build_engine;
};

// What `clary check`, `backup` and `restore` found.
struct StorageReport {
  std::vector<std::pair<std::string, std::uint64_t>> counts;  // {"objects", 12}
  // The same, of what matters less: behind the others, in brackets.
  std::vector<std::pair<std::string, std::uint64_t>> details;
  std::vector<std::string> damage;   // a sentence each
  std::vector<std::string> notices;  // the same, of what a person should know besides
};

struct CheckOptions {
  bool rebuild = false;  // the index of the objects first; only while no server runs
};

struct CopyOptions {
  std::string folder;  // of the backup
  bool copy = false;   // bodies too where they could be linked
};

// Each takes the data directory first.
struct StorageTools {
  // progress: told how many objects have been looked at.
  std::function<Result<StorageReport>(const std::string& data, const CheckOptions& options,
                                      const std::function<void(std::uint64_t)>& progress)>
      check;
  std::function<Result<StorageReport>(const std::string& data, const CopyOptions& options)> back_up;
  std::function<Result<StorageReport>(const std::string& data, const CopyOptions& options)> restore;
};

// What main gives to the commands. Every function must be set; clock outlives the call.
struct Tools {
  const Clock* clock = nullptr;
  std::map<std::string, std::string> variables;  // of the process's environment
  std::string version;                           // for `clary --version`
  std::string program = "/proc/self/exe";        // what `clary up` runs as `PROGRAM serve`
  // The root key of a data directory. NotFound before the first start.
  std::function<Result<KeyPair>(const std::string& data)> root_key;
  // Unpacks the client hook and returns the folder for PYTHONPATH.
  std::function<Result<std::string>(const std::string& data)> client_hook;
  // Whether the settings of a site can be read and may be so; whether they name an address.
  struct SettingsSeen {
    bool name_listen = false;
  };
  std::function<Result<SettingsSeen>(const Site& site)> settings;
  EnvironmentTools environments;
  StorageTools storage;
  // Runs a command beside the script of the gang, on this terminal, and returns its exit code.
  // argv: empty for a shell. Conflict when no script runs; 127 when the job has no such command.
  std::function<Result<int>(const std::string& data, const std::string& gang,
                            const std::vector<std::string>& argv)>
      enter_job;
  std::vector<Probe> probes;  // doctor's, beside those of the machine
  // Lines for `clary --help` about commands that main runs itself: {"serve", "runs the server in
  // the foreground"}.
  std::vector<std::pair<std::string, std::string>> other_commands;
};

// The process's variables, as Tools wants them. environment: `environ`.
std::map<std::string, std::string> read_variables(char** environment);
// The variable's value; "" where it is not set.
std::string variable(const std::map<std::string, std::string>& variables, const std::string& name);

// $CLARY_DATA, else $HOME/.local/share/clary.
std::string default_data_folder(const std::map<std::string, std::string>& variables);

// A command line without the words `help` and `version` in a command's place: `clary help jobs` is
// `clary jobs --help`. argv outlives it.
std::vector<const char*> plain_command_line(int argc, const char* const* argv);

// Parses the command line (of plain_command_line()) and runs it; returns the process's exit status.
// Prints to standard output and standard error.
int run_client_command(int argc, const char* const* argv, const Tools& tools);

}  // namespace clary::cli
