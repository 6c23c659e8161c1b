#include "base/json.h"
#include "cli/commands.h"
#include "cli/table.h"

namespace clary::cli {

namespace {

Document to_document(const EnvironmentRow& row) {
  Document packages = Document::object();
  for (const auto& [name, version] : row.packages) packages.set(name, version);
  return Document::object({{"name", row.name},
                           {"origin", row.origin},
                           {"python", row.python},
                           {"version", row.version},
                           {"packages", packages},
                           {"problem", row.problem}});
}

std::string packages_text(const EnvironmentRow& row) {
  std::string text;
  for (const auto& [name, version] : row.packages)
    text.append(text.empty() ? "" : ", ").append(name).append(" ").append(version);
  return text.empty() ? "no framework" : text;
}

void show(const Context& context, const std::vector<EnvironmentRow>& environments) {
  if (context.json) {
    Document list = Document::array();
    for (const EnvironmentRow& row : environments) list.push(to_document(row));
    context.terminal.print(to_pretty_json(list) + "\n");
    return;
  }
  std::vector<Row> rows;
  rows.reserve(environments.size());
  for (const EnvironmentRow& row : environments) {
    rows.push_back({row.name, row.version, row.origin, row.python,
                    row.problem.empty() ? packages_text(row)
                                        : context.terminal.styled(row.problem, Style::kBad)});
  }
  context.terminal.print(format_table({"NAME", "PYTHON", "FROM", "INTERPRETER", "HAS"}, rows));
}

ExitCode show_one(const Context& context, const Result<EnvironmentRow>& environment) {
  if (!environment.ok()) return fail(context, environment.error());
  show(context, {*environment});
  return environment->problem.empty() ? ExitCode::kOk : ExitCode::kFailed;
}

// kUsage, said, where the settings that they need are wrong.
ExitCode settings_status(const Context& context) {
  const auto settings = context.tools.settings(context.site());
  if (settings.ok()) return ExitCode::kOk;
  static_cast<void>(fail(context, settings.error()));
  return ExitCode::kUsage;
}

}  // namespace

ExitCode environments_list(const Context& context) {
  if (const ExitCode wrong = settings_status(context); wrong != ExitCode::kOk) return wrong;
  const auto environments = context.tools.environments.list(context.site());
  if (!environments.ok()) return fail(context, environments.error());
  show(context, *environments);
  return ExitCode::kOk;
}

ExitCode environments_probe(const Context& context, const std::string& name) {
  if (const ExitCode wrong = settings_status(context); wrong != ExitCode::kOk) return wrong;
  return show_one(context, context.tools.environments.probe(context.site(), name));
}

ExitCode environments_add(const Context& context, const std::string& name,
                          const std::string& python) {
  if (const ExitCode wrong = settings_status(context); wrong != ExitCode::kOk) return wrong;
  return show_one(context, context.tools.environments.add(context.site(), name, python));
}

ExitCode environments_create(const Context& context, const std::string& name,
                             const std::vector<std::string>& packages) {
  if (const ExitCode wrong = settings_status(context); wrong != ExitCode::kOk) return wrong;
  // What venv and pip print goes to standard error, so that --json stays JSON.
  const auto on_output = [&context](std::string_view piece) {
    if (!piece.empty() && piece.back() == '\n') piece.remove_suffix(1);
    context.terminal.say(piece);
  };
  return show_one(context,
                  context.tools.environments.create(context.site(), name, packages, on_output));
}

ExitCode environments_build_engine(const Context& context, const std::string& name) {
  if (const ExitCode wrong = settings_status(context); wrong != ExitCode::kOk) return wrong;
  context.terminal.say("compiling the torch engine for '" + name + "'; that takes a minute or so");
  const auto on_output = [&context](std::string_view piece) {
    if (!piece.empty() && piece.back() == '\n') piece.remove_suffix(1);
    context.terminal.say(piece);
  };
  const auto built = context.tools.environments.build_engine(context.site(), name, on_output);
  if (!built.ok()) return fail(context, built.error());
  if (context.json) {
    const Document row = Document::object({{"environment", built->environment},
                                           {"library", built->library},
                                           {"torch", built->torch}});
    context.terminal.print(to_pretty_json(row) + "\n");
  } else {
    context.terminal.print(built->library + "\n");
  }
  return ExitCode::kOk;
}

ExitCode environments_remove(const Context& context, const std::string& name) {
  if (const ExitCode wrong = settings_status(context); wrong != ExitCode::kOk) return wrong;
  const Status removed = context.tools.environments.remove(context.site(), name);
  if (!removed.ok()) return fail(context, removed.error());
  context.terminal.say("environment '" + name + "' is gone");
  return ExitCode::kOk;
}

}  // namespace clary::cli
