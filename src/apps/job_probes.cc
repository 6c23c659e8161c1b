#include "apps/job_probes.h"

#include "apps/settings.h"
#include "compute/network.h"
#include "compute/programs.h"
#include "compute/sandbox.h"

namespace clary::apps {

using cli::Finding;

Finding probe_sandbox(const std::string& data) {
  Finding finding{.subject = "bubblewrap", .found = "runs: jobs are confined"};
  if (settings_of_server(data).value_or(Settings()).sandbox == "process") {
    finding.state = Finding::State::kLimited;
    finding.found = "is not used: the settings choose the process sandbox, which confines nothing";
    finding.mend = "jobs.sandbox = \"bubblewrap\"";
    return finding;
  }
  if (const Status probed = compute::probe_bubblewrap(); !probed.ok()) {
    finding.state = Finding::State::kBroken;
    finding.found = probed.error().message;
    finding.mend =
        "apt-get install bubblewrap; else as its message says; without confinement: sandbox = "
        "\"process\"";
  }
  return finding;
}

Finding probe_network(const std::string&) {
  Finding finding{.subject = "networks", .found = "a job can have one of its own"};
  const auto made = compute::JobNetwork::create({.way_out = false});
  if (made.ok()) return finding;
  finding.state = Finding::State::kBroken;
  finding.found = "a job cannot have one of its own: " + made.error().message;
  finding.mend =
      "sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0 "
      "(as root); in a container: "
      "--security-opt seccomp=unconfined --security-opt apparmor=unconfined; else: jobs.network = "
      "\"host\"";
  return finding;
}

Finding probe_programs(const std::string&) {
  Finding finding{.subject = "programs", .found = "what starts jobs is there"};
  const Status found =
      compute::check_programs(compute::starting_programs(), compute::program_path());
  if (found.ok()) return finding;
  finding.state = Finding::State::kBroken;
  const std::string& message = found.error().message;
  const std::size_t mend = message.find("; run: ");
  finding.found = message.substr(0, mend);
  if (mend != std::string::npos) finding.mend = message.substr(mend + 7);
  return finding;
}

}  // namespace clary::apps
