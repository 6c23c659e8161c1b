// The command line of client_commands.h. CLI11 is named here only: it is slow to compile.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <optional>

#include "base/files.h"
#include "base/strings.h"
#include "cli/client_commands.h"
#include "cli/command_names.h"
#include "cli/commands.h"
#include "cli/option_checks.h"
#include "cli/terminal.h"
#include "cli/unread_text.h"

namespace clary::cli {

namespace {

using Run = std::function<ExitCode(const Context&)>;

// Options that every command has, and the command that was chosen.
struct Parsed {
  std::string data_folder;
  std::string config;  // of those that look at a site
  bool json = false;
  Run run;

  UpOptions up;
  double up_seconds = 30;
  DownOptions down;
  double down_seconds = 30;
  std::string shell;
  std::string install, uninstall;  // virtual environments
  JobsOptions jobs;
  DescribeOptions describe;
  LogsOptions logs;
  ExecOptions exec;
  EndpointsOptions endpoints;
  InvokeOptions invoke;
  std::string job;
  std::string name;
  std::string python;
  std::vector<std::string> packages;
  KeyOptions key;
  bool verbose = false;
  CheckOptions check;
  CopyOptions copy;
};

void add_data(CLI::App* command, Parsed& parsed) {
  command
      ->add_option("--data", parsed.data_folder,
                   "the data directory [$CLARY_DATA, else ~/.local/share/clary]")
      ->type_name("DIR");
}

CLI::App* add_command(CLI::App& app, Parsed& parsed, const char* name, const char* meaning,
                      Run run) {
  CLI::App* const command = app.add_subcommand(name, meaning);
  add_data(command, parsed);
  command->callback([&parsed, run = std::move(run)] { parsed.run = run; });
  return command;
}

void add_json(CLI::App* command, Parsed& parsed) {
  command->add_flag("--json", parsed.json, "print JSON");
}

void add_config(CLI::App* command, Parsed& parsed) {
  command
      ->add_option("--config", parsed.config,
                   "the clary.toml to read [the running server's, else the data directory's]")
      ->type_name("FILE");
}

void add_shell(CLI::App* command, std::string& shell) {
  command->add_option("--shell", shell, "whose syntax to print [that of $SHELL]")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

Duration to_duration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void add_server_commands(CLI::App& app, Parsed& parsed) {
  CLI::App* command =
      add_command(app, parsed, "up", "start the server in the background and print the environment",
                  [&parsed](const Context& context) {
                    parsed.up.shell = parsed.shell;
                    parsed.up.patience = to_duration(parsed.up_seconds);
                    return up(context, parsed.up);
                  });
  command
      ->add_option("--listen", parsed.up.listen,
                   "address of the server [that of the settings, else of the last time, else "
                   "127.0.0.1:4580]")
      ->type_name("HOST:PORT");
  command->add_option("--config", parsed.up.config, "its clary.toml")->type_name("FILE");
  command->add_flag("--tls", parsed.up.tls,
                    "https, with a certificate of an authority made in the data directory");
  command->add_option("--timeout", parsed.up_seconds, "how long to wait for it")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(seconds_check);
  add_shell(command, parsed.shell);
  add_json(command, parsed);

  command = add_command(app, parsed, "down", "stop the server; running jobs go on",
                        [&parsed](const Context& context) {
                          parsed.down.patience = to_duration(parsed.down_seconds);
                          return down(context, parsed.down);
                        });
  command->add_option("--timeout", parsed.down_seconds, "how long to wait for it")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(seconds_check);

  command =
      add_command(app, parsed, "env", "print what lets a shell's AWS clients reach the server",
                  [&parsed](const Context& context) {
                    if (!parsed.install.empty())
                      return env_install(context, absolute_path(parsed.install));
                    if (!parsed.uninstall.empty())
                      return env_uninstall(context, absolute_path(parsed.uninstall));
                    return env(context, parsed.shell);
                  });
  CLI::Option* install =
      command
          ->add_option("--install", parsed.install,
                       "instead: make an AWS profile, and this virtual environment use it")
          ->type_name("VENV")
          ->check(folder_check);
  command->add_option("--uninstall", parsed.uninstall, "instead: take away what --install has made")
      ->type_name("VENV")
      ->check(folder_check)
      ->excludes(install);
  add_shell(command, parsed.shell);
  add_json(command, parsed);

  command = add_command(app, parsed, "doctor",
                        "say what works on this machine, what does not, and how to mend it",
                        [&parsed](const Context& context) {
                          return doctor(context, parsed.verbose ? Detail::kAll : Detail::kSummary);
                        });
  command->add_flag("--verbose", parsed.verbose,
                    "also list every member of requests that has no effect here");
  add_config(command, parsed);
  add_json(command, parsed);
}

void add_job_commands(CLI::App& app, Parsed& parsed) {
  CLI::App* command =
      add_command(app, parsed, "jobs", "list jobs, the newest first",
                  [&parsed](const Context& context) { return jobs(context, parsed.jobs); });
  command->add_option("--status", parsed.jobs.status, "only these")
      ->check(CLI::IsMember({"InProgress", "Completed", "Failed", "Stopping", "Stopped"}));
  command->add_option("--name", parsed.jobs.name_contains, "only those whose name contains this")
      ->type_name("TEXT");
  command->add_option("--limit", parsed.jobs.limit, "at most so many")
      ->capture_default_str()
      ->check(count_check);
  add_json(command, parsed);

  command = add_command(
      app, parsed, "describe", "show one job: where its time went, utilisation, metrics",
      [&parsed](const Context& context) { return describe(context, parsed.describe); });
  command->add_option("NAME", parsed.describe.job, "the job")->required();
  command->add_option("--plot", parsed.describe.plot, "draw its utilisation and metrics instead")
      ->type_name("FILE.png");
  add_json(command, parsed);

  command = add_command(app, parsed, "logs", "print what a job or an endpoint has printed",
                        [&parsed](const Context& context) {
                          parsed.logs.job = parsed.job;
                          return logs(context, parsed.logs);
                        });
  command->add_option("NAME", parsed.job, "the job; the endpoint where no job has this name")
      ->required();
  command->add_flag("-f,--follow", parsed.logs.follow,
                    "go on until the job is over; status 1 when it failed");
  add_json(command, parsed);

  command = add_command(app, parsed, "stop", "ask a job to end; its artifacts are still uploaded",
                        [&parsed](const Context& context) { return stop(context, parsed.job); });
  command->add_option("NAME", parsed.job, "the job")->required();
  add_json(command, parsed);
}

void add_endpoint_commands(CLI::App& app, Parsed& parsed) {
  CLI::App* command = add_command(
      app, parsed, "endpoints", "list endpoints: their status, variants and instances",
      [&parsed](const Context& context) { return endpoints(context, parsed.endpoints); });
  command->add_option("--limit", parsed.endpoints.limit, "at most so many")
      ->capture_default_str()
      ->check(count_check);
  add_json(command, parsed);

  command = add_command(
      app, parsed, "invoke", "send a file to an endpoint and print what its model answers",
      [&parsed](const Context& context) { return invoke(context, parsed.invoke); });
  command->add_option("NAME", parsed.invoke.endpoint, "the endpoint")->required();
  command->add_option("FILE", parsed.invoke.file, "what to send")->required();
  command
      ->add_option("--content-type", parsed.invoke.content_type,
                   "what the file is [by its name: .json, .jsonl, .csv, .npy, .txt, .jpg, .png]")
      ->type_name("TYPE");
  command->add_option("--accept", parsed.invoke.accept, "what the answer shall be")
      ->type_name("TYPE");
  command->add_option("--output", parsed.invoke.output, "write the answer there instead")
      ->type_name("FILE");
}

void add_exec_command(CLI::App& app, Parsed& parsed) {
  CLI::App* const command =
      add_command(app, parsed, "exec", "run a command, or a shell, inside a running job",
                  [&parsed](const Context& context) { return exec(context, parsed.exec); });
  command->add_option("NAME", parsed.exec.job, "the job")->required();
  command->add_option("COMMAND", parsed.exec.command, "and its arguments, after -- [a shell]");
}

void add_environment_commands(CLI::App& app, Parsed& parsed) {
  CLI::App& group = *app.add_subcommand(
      "environments", "the Python interpreters that stand in for images; alone it lists them");
  group.require_subcommand(0, 1);
  add_data(&group, parsed);
  add_config(&group, parsed);
  add_json(&group, parsed);
  group.callback([&group, &parsed] {
    if (group.get_subcommands().empty()) parsed.run = environments_list;
  });
  CLI::App* command =
      add_command(group, parsed, "list", "all of them, the default first", environments_list);
  add_config(command, parsed);
  add_json(command, parsed);

  command = add_command(
      group, parsed, "probe", "look at one anew",
      [&parsed](const Context& context) { return environments_probe(context, parsed.name); });
  command->add_option("NAME", parsed.name)->required();
  add_config(command, parsed);
  add_json(command, parsed);

  command = add_command(group, parsed, "add",
                        "add an interpreter, a virtual environment or a conda environment",
                        [&parsed](const Context& context) {
                          return environments_add(context, parsed.name, parsed.python);
                        });
  command->add_option("NAME", parsed.name)->required();
  command->add_option("PYTHON", parsed.python, "the interpreter, or the environment's folder")
      ->required();
  add_config(command, parsed);
  add_json(command, parsed);

  command = add_command(group, parsed, "create",
                        "make a virtual environment and install packages into it",
                        [&parsed](const Context& context) {
                          return environments_create(context, parsed.name, parsed.packages);
                        });
  command->add_option("NAME", parsed.name)->required();
  command->add_option("PACKAGE", parsed.packages, "as pip takes them: 'torch==2.*'")->required();
  add_config(command, parsed);
  add_json(command, parsed);

  command = add_command(group, parsed, "build-engine",
                        "compile the model server's torch engine for one, with the machine's g++",
                        [&parsed](const Context& context) {
                          return environments_build_engine(context, parsed.name);
                        });
  command->add_option("NAME", parsed.name)->required();
  add_config(command, parsed);
  add_json(command, parsed);

  command = add_command(
      group, parsed, "remove", "forget one; what `create` made is deleted",
      [&parsed](const Context& context) { return environments_remove(context, parsed.name); });
  command->add_option("NAME", parsed.name)->required();
  add_config(command, parsed);
}

void add_key_commands(CLI::App& app, Parsed& parsed) {
  CLI::App& group = *app.add_subcommand("keys", "access keys besides the root key");
  group.require_subcommand(1);
  CLI::App* command =
      add_command(group, parsed, "create", "make a key for a user, and the user where it is new",
                  [&parsed](const Context& context) { return keys_create(context, parsed.key); });
  command->add_option("USER", parsed.key.user)->required();
  command->add_option("--policy", parsed.key.policy_file, "what the user may do [all but iam]")
      ->type_name("FILE");
  add_json(command, parsed);

  command = add_command(group, parsed, "list", "every key, the root key first", keys_list);
  add_json(command, parsed);

  command = add_command(group, parsed, "revoke", "end a key", [&parsed](const Context& context) {
    return keys_revoke(context, parsed.name);
  });
  command->add_option("KEY", parsed.name, "its id")->required();

  command =
      add_command(group, parsed, "rotate", "make a new key for the same user and end this one",
                  [&parsed](const Context& context) { return keys_rotate(context, parsed.name); });
  command->add_option("KEY", parsed.name, "its id")->required();
  add_json(command, parsed);
}

void add_storage_commands(CLI::App& app, Parsed& parsed) {
  CLI::App* command =
      add_command(app, parsed, "check", "read everything that is kept and say what is damaged",
                  [&parsed](const Context& context) { return check(context, parsed.check); });
  command->add_flag("--rebuild", parsed.check.rebuild,
                    "make the index of the objects anew first; only while no server runs");
  add_json(command, parsed);

  command = add_command(app, parsed, "backup", "copy what is kept, while the server runs or not",
                        [&parsed](const Context& context) { return backup(context, parsed.copy); });
  command->add_option("FOLDER", parsed.copy.folder, "a new or empty folder")->required();
  command->add_flag("--copy", parsed.copy.copy, "copy objects where hard links would do");
  add_json(command, parsed);

  command =
      add_command(app, parsed, "restore", "make a data directory from a backup",
                  [&parsed](const Context& context) { return restore(context, parsed.copy); });
  command->add_option("FOLDER", parsed.copy.folder, "of the backup")->required();
  command->add_flag("--copy", parsed.copy.copy, "copy objects where hard links would do");
  add_json(command, parsed);
}

// What is wrong with the commands of a command line, or "": a word that is none, or none at all.
std::string wrong_command(const CLI::App& app, int argc, const char* const* argv,
                          const Tools& tools) {
  const CLI::App* level = &app;
  std::string group;
  for (int i = 1; i <= argc; ++i) {
    const auto commands = level->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) return "";
    if (i == argc)
      return level->get_require_subcommand_min() == 0 ? ""
                                                      : level->help(level == &app ? "" : "clary");
    const std::string word = argv[i];
    if (word == "--data") ++i;
    if (word.starts_with("--data")) continue;
    if (word.empty() || word.front() == '-') return "";
    std::vector<std::string> known;
    const CLI::App* next = nullptr;
    for (const CLI::App* command : commands) {
      known.push_back(command->get_name());
      if (command->get_name() == word) next = command;
    }
    for (const auto& [name, meaning] : tools.other_commands) {
      if (group.empty() && name == word)
        return "clary: '" + word + "' comes first, before its options\n";
      if (group.empty()) known.push_back(name);
    }
    if (next == nullptr) return unknown_command_text(group, word, known) + "\n";
    level = next;
    group = word;
  }
  return "";
}

}  // namespace

int run_client_command(int argc, const char* const* argv, const Tools& tools) {
  const Terminal terminal = Terminal::of_process(tools.variables);
  Parsed parsed;
  CLI::App app("SageMaker on your own machine.", "clary");
  app.set_version_flag("--version", "clary " + tools.version);
  app.require_subcommand(1);
  app.failure_message(unread_text);
  app.add_option("--data", parsed.data_folder, "the data directory, of every command")
      ->type_name("DIR");
  add_server_commands(app, parsed);
  add_job_commands(app, parsed);
  add_exec_command(app, parsed);
  add_endpoint_commands(app, parsed);
  add_environment_commands(app, parsed);
  add_key_commands(app, parsed);
  add_storage_commands(app, parsed);
  app.footer(closing_text(tools.other_commands));  // the others would inherit it
  if (const std::string wrong = wrong_command(app, argc, argv, tools); !wrong.empty()) {
    std::fputs(wrong.c_str(), stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  const std::string data =
      parsed.data_folder.empty() ? default_data_folder(tools.variables) : parsed.data_folder;
  const Context context{.tools = tools,
                        .terminal = terminal,
                        .data_folder = absolute_path(data),
                        .json = parsed.json,
                        .config = parsed.config.empty() ? "" : absolute_path(parsed.config)};
  return static_cast<int>(parsed.run(context));
}

}  // namespace clary::cli
