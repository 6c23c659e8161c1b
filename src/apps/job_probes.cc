#include "apps/job_probes.h"

#include <vector>

#include "apps/settings.h"
#include "compute/network.h"
#include "compute/programs.h"
#include "compute/sandbox.h"

namespace clary::apps {

using cli::Finding;

Finding probe_sandbox(const cli::Site& site) {
  Finding finding{.subject = "bubblewrap", .found = "runs: jobs are confined"};
  if (settings_of_server(site.data, site.config).value_or(Settings()).sandbox == "process") {
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

Finding probe_network(const cli::Site&) {
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

namespace {

Finding probe_of(Finding finding, const std::vector<compute::NeededProgram>& programs,
                 Finding::State absent) {
  const Status found = compute::check_programs(programs, compute::program_path());
  if (found.ok()) return finding;
  finding.state = absent;
  const std::string& message = found.error().message;
  const std::size_t mend = message.find("; run: ");
  finding.found = message.substr(0, mend);
  if (mend != std::string::npos) finding.mend = message.substr(mend + 7);
  return finding;
}

}  // namespace

Finding probe_programs(const cli::Site&) {
  return probe_of({.subject = "programs", .found = "what starts jobs is there"},
                  compute::starting_programs(), Finding::State::kBroken);
}

Finding probe_way_out(const cli::Site&) {
  Finding finding =
      probe_of({.subject = "slirp4netns", .found = "is there: jobs have a way to the internet"},
               {{"slirp4netns", "slirp4netns"}}, Finding::State::kLimited);
  if (finding.state != Finding::State::kWorks)
    finding.found += ": jobs run without a way to the internet";
  return finding;
}

}  // namespace clary::apps
