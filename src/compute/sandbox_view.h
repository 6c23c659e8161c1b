// What a sandbox shows of the machine, and bubblewrap's arguments that show it. An allow-list: what
// is not named here is not there.
//
// Pure but for look_at_machine() and write_etc().
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compute/sandbox.h"

namespace clary::compute {

// The parts of the machine that the arguments depend on.
struct MachineView {
  std::vector<std::pair<std::string, std::string>>
      root_links;                        // {"/bin", "usr/bin"}; a real folder has ""
  std::vector<std::string> etc_files;    // of the allow-list, those that are there
  std::vector<std::string> gpu_support;  // devices that every GPU needs: "/dev/nvidiactl"
  std::string hosts;                     // the machine's /etc/hosts
};
MachineView look_at_machine();

// Whether the allow-list shows a file of the machine's /etc.
bool is_shown_in_etc(std::string_view path);

// The text of the job's /etc/hosts: localhost, the gang's hosts, and the machine's own names that
// are not loopback.
std::string hosts_text(const SandboxSpec& spec, const std::string& machine_hosts);

// Writes the generated files of /etc to `folder`; returns them as mounts.
Result<std::vector<Mount>> write_etc(const std::string& folder, const SandboxSpec& spec,
                                     const MachineView& machine);

struct ViewParts {
  std::vector<Mount> etc;       // of write_etc
  std::vector<Mount> overlays;  // merged trees, at their targets
  std::string home;             // becomes /root, writable
  std::string temporary;        // becomes /tmp, writable
};
// The arguments of bwrap from its first option to its last; the command that follows is the
// caller's. InvalidArgument when a mount would cover what the sandbox is made of.
Result<std::vector<std::string>> view_arguments(const SandboxSpec& spec, const MachineView& machine,
                                                const ViewParts& parts);

}  // namespace clary::compute
