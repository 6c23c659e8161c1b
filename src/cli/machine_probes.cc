#include "cli/machine_probes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/files.h"
#include "base/strings.h"
#include "cli/server_record.h"
#include "net/sockets.h"

namespace clary::cli {

namespace {

using State = Finding::State;

constexpr std::uint64_t kLittleDisk = 5ULL << 30;  // a PyTorch environment and some artifacts
constexpr std::uint64_t kNoDisk = 256ULL << 20;

// The folder itself, or the nearest one above it that exists.
std::string existing_part(std::string path) {
  while (path != "/" && path != "." && !exists(path)) path = folder_of(path);
  return path;
}

}  // namespace

Finding probe_data_folder(const std::string& data_folder) {
  Finding finding{.subject = "data directory", .found = data_folder};
  const std::string part = existing_part(data_folder);
  struct stat status{};
  if (::stat(part.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      ::access(part.c_str(), W_OK | X_OK) != 0) {
    finding.state = State::kBroken;
    finding.found = "'" + part + "' is no folder that you may write";
    finding.mend = "choose another with --data DIR or CLARY_DATA";
  } else if (part == data_folder && (status.st_mode & 0077) != 0) {
    finding.state = State::kLimited;
    finding.found += ": others may enter it, and keys are kept there";
    finding.mend = "chmod 700 " + shell_quote(data_folder);
  } else if (part != data_folder) {
    finding.found += " (will be made)";
  }
  return finding;
}

Finding probe_disk(const std::string& data_folder) {
  Finding finding{.subject = "disk"};
  const std::string part = existing_part(data_folder);
  struct statvfs disk{};
  if (::statvfs(part.c_str(), &disk) != 0) {
    finding.state = State::kBroken;
    finding.found = system_error("statvfs '" + part + "'").message;
    return finding;
  }
  const std::uint64_t free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  finding.found = format_bytes(free_bytes) + " free at " + part;
  if (free_bytes < kLittleDisk) {
    finding.state = free_bytes < kNoDisk ? State::kBroken : State::kLimited;
    finding.mend = "free some space, or choose another disk with --data DIR";
  }
  return finding;
}

Finding probe_port(const std::string& data_folder, const std::string& address) {
  Finding finding{.subject = "server"};
  const auto record = read_server_record(data_folder);
  if (lock_holder(data_folder) && record.ok()) {
    finding.found = "running at " + record->endpoint();
    if (is_ready(*record)) return finding;
    finding.state = State::kBroken;
    finding.found =
        "a process holds the data directory, and " + record->endpoint() + "/readyz does not answer";
    finding.mend =
        "see " + path_join(data_folder, "server.log") + "; then `clary down` and `clary up`";
    return finding;
  }
  const auto listening = net::listen_on(address);
  finding.found = "not running; its address " + address + " is free";
  if (!listening.ok()) {
    finding.state = State::kLimited;
    finding.found = "not running, and cannot at its address: " + listening.error().message;
    finding.mend = "clary up --listen 127.0.0.1:4581";
  }
  return finding;
}

Finding probe_tunnel_device() {
  Finding finding{.subject = "/dev/net/tun", .found = "can be opened"};
  if (const auto device = open_file("/dev/net/tun", O_RDWR); !device.ok()) {
    finding.state = State::kLimited;
    finding.found = device.error().message + ": jobs run without a way to the internet";
    finding.mend = "modprobe tun (as root); in a container: --device /dev/net/tun";
  }
  return finding;
}

Finding probe_gpus() {
  Finding finding{.subject = "GPUs", .found = "none: jobs use the CPU"};
  std::size_t count = 0;
  while (exists("/dev/nvidia" + std::to_string(count))) ++count;
  if (count > 0) finding.found = std::to_string(count) + " (NVIDIA)";
  return finding;
}

std::vector<Probe> machine_probes() {
  return {[](const Site& site) { return probe_data_folder(site.data); },
          [](const Site& site) { return probe_disk(site.data); },
          [](const Site&) { return probe_tunnel_device(); },
          [](const Site&) { return probe_gpus(); }};
}

}  // namespace clary::cli
