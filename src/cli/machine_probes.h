// What `clary doctor` looks at on any machine. Each probe is quick and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "cli/client_commands.h"

namespace clary::cli {

// Data directory, disk, /dev/net/tun, GPUs.
std::vector<Probe> machine_probes();

Finding probe_data_folder(const std::string& data_folder);
Finding probe_disk(const std::string& data_folder);
// The server of the data directory, or whether it could listen. address: where it listens by its
// settings.
Finding probe_port(const std::string& data_folder, const std::string& address);
Finding probe_tunnel_device();
Finding probe_gpus();

}  // namespace clary::cli
