#include "base/json.h"
#include "cli/commands.h"
#include "cli/doctor_text.h"
#include "cli/machine_probes.h"
#include "cli/table.h"

namespace clary::cli {

namespace {

// The interpreter that stands in for images when no other fits better.
Finding probe_python(const Context& context) {
  Finding finding{.subject = "python"};
  if (!context.tools.settings(context.site()).ok()) {
    // Their own finding says what is wrong with them, and how to mend it.
    finding.state = Finding::State::kLimited;
    finding.found = "not looked at: the settings are broken";
    return finding;
  }
  const auto environments = context.tools.environments.list(context.site());
  if (environments.ok() && !environments->empty() && environments->front().problem.empty()) {
    const EnvironmentRow& row = environments->front();
    finding.found = row.python + " (" + row.version;
    for (const auto& [name, version] : row.packages)
      finding.found.append(", ").append(name).append(" ").append(version);
    finding.found += ")";
    if (row.packages.empty()) {
      finding.state = Finding::State::kLimited;
      finding.found += ": has no framework";
      finding.mend = "clary environments create pytorch torch";
    }
    return finding;
  }
  finding.state = Finding::State::kBroken;
  finding.mend = "apt-get install python3 python3-venv, or clary environments add NAME PATH";
  if (!environments.ok() || environments->empty()) {
    finding.found = environments.ok() ? "no python3 on PATH" : environments.error().message;
    return finding;
  }
  const EnvironmentRow& row = environments->front();
  finding.found = row.name + ": " + row.problem;
  if (row.python.empty()) finding.mend = "clary environments add " + row.name + " PATH";
  return finding;
}

std::string effectless_text(const Context& context, Detail detail) {
  const auto members = members_without_effect();
  if (detail == Detail::kSummary) {
    return "\n" + std::to_string(members.size()) +
           " members of requests are taken and have no effect here, because nothing here needs "
           "them; `clary doctor --verbose` lists them with the reason of each.\n";
  }
  std::vector<Row> rows;
  for (const auto& [member, reason] : members) rows.push_back({"  " + member, reason});
  return "\n" + context.terminal.styled("Taken from requests, without effect here", Style::kBold) +
         "\n" + format_table({}, rows);
}

}  // namespace

ExitCode doctor(const Context& context, Detail effectless_detail) {
  std::vector<Finding> findings;
  const auto look = [&](const Probe& probe) {
    context.terminal.progress("looking ...");
    findings.push_back(probe(context.site()));
  };
  for (const Probe& probe : machine_probes()) look(probe);
  for (const Probe& probe : context.tools.probes) look(probe);
  look([&](const Site&) { return probe_python(context); });
  context.terminal.progress("");

  bool broken = false;
  for (const Finding& finding : findings)
    broken = broken || finding.state == Finding::State::kBroken;
  if (context.json) {
    Document effectless = Document::object();
    for (const auto& [member, reason] : members_without_effect()) effectless.set(member, reason);
    context.terminal.print(
        to_pretty_json(Document::object(
            {{"findings", findings_document(findings)}, {"without_effect", effectless}})) +
        "\n");
  } else {
    context.terminal.print(findings_text(findings, context.terminal) +
                           effectless_text(context, effectless_detail));
  }
  return broken ? ExitCode::kFailed : ExitCode::kOk;
}

}  // namespace clary::cli
