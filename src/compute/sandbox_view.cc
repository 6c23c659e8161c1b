#include "compute/sandbox_view.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

constexpr std::array kRootFolders = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

// What programs need to run, to name hosts, to check certificates and to tell the time; nothing
// that names people or keys.
constexpr std::array kEtcFiles = {
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/locale.alias",
    "/etc/locale.gen",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki",
    "/etc/crypto-policies",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/protocols",
    "/etc/services",
    "/etc/mime.types",
    "/etc/magic",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/openmpi",
    "/etc/libibverbs.d",
    "/etc/OpenCL",
    "/etc/vulkan",
    "/etc/python3",
    "/etc/python3.11",
    "/etc/inputrc",
    "/etc/bash.bashrc",
    "/etc/nvidia-container-runtime",
};

constexpr std::array kGpuSupport = {"/dev/nvidiactl",        "/dev/nvidia-uvm",
                                    "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset",
                                    "/dev/nvidia-caps",      "/dev/nvidia-nvswitchctl"};

bool is_within(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

void append(std::vector<std::string>& arguments, std::initializer_list<std::string_view> more) {
  for (const std::string_view text : more) arguments.emplace_back(text);
}

Status check_target(const std::string& target) {
  if (!target.starts_with('/') || target == "/" || target.find("/../") != std::string::npos ||
      target.ends_with("/..")) {
    return invalid_argument("sandbox: cannot show something at '" + target + "'");
  }
  for (const char* part : {"/proc", "/sys", "/dev", "/etc"}) {
    if (is_within(target, part))
      return invalid_argument("sandbox: '" + target + "' is inside " + part);
  }
  return {};
}

// bubblewrap makes the folders above a mount for its own user only.
void make_way(std::vector<std::string>& arguments, const std::string& target) {
  for (std::size_t slash = target.find('/', 1); slash != std::string::npos;
       slash = target.find('/', slash + 1)) {
    append(arguments, {"--perms", "0755", "--dir", target.substr(0, slash)});
  }
}

void show_system(std::vector<std::string>& arguments, const SandboxSpec& spec,
                 const MachineView& machine, const ViewParts& parts) {
  append(arguments, {"--ro-bind", "/usr", "/usr"});
  for (const auto& [folder, link] : machine.root_links) {
    if (link.empty()) {
      append(arguments, {"--ro-bind", folder, folder});
    } else {
      append(arguments, {"--symlink", link, folder});
    }
  }
  for (const std::string& file : machine.etc_files) {
    make_way(arguments, file);
    append(arguments, {"--ro-bind", file, file});
  }
  for (const Mount& file : parts.etc) append(arguments, {"--ro-bind", file.source, file.target});
  append(arguments, {"--ro-bind-try", "/sys", "/sys", "--proc", "/proc", "--dev", "/dev"});
  append(arguments,
         {"--perms", "1777", "--tmpfs", "/dev/shm", "--perms", "1777", "--tmpfs", "/run"});
  make_way(arguments, "/var/tmp");
  make_way(arguments, "/opt/ml");
  append(arguments, {"--bind", parts.temporary, "/tmp", "--symlink", "../tmp", "/var/tmp",
                     "--symlink", "../run", "/var/run"});
  append(arguments, {"--bind", parts.home, "/root", "--bind", spec.job_folder, "/opt/ml"});
  if (spec.gpu_devices.empty()) return;
  for (const std::vector<std::string>& devices : {spec.gpu_devices, machine.gpu_support}) {
    for (const std::string& device : devices) append(arguments, {"--dev-bind", device, device});
  }
}

}  // namespace

bool is_shown_in_etc(std::string_view path) {
  return std::ranges::any_of(kEtcFiles, [&](const char* shown) { return is_within(path, shown); });
}

MachineView look_at_machine() {
  MachineView machine;
  for (const char* folder : kRootFolders) {
    struct stat found{};
    if (::lstat(folder, &found) != 0) continue;
    std::array<char, 256> link{};
    const ssize_t size = S_ISLNK(found.st_mode) ? ::readlink(folder, link.data(), link.size()) : 0;
    machine.root_links.emplace_back(
        folder, std::string(link.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
  }
  for (const char* file : kEtcFiles) {
    if (exists(file)) machine.etc_files.emplace_back(file);
  }
  for (const char* device : kGpuSupport) {
    if (exists(device)) machine.gpu_support.emplace_back(device);
  }
  machine.hosts = read_file("/etc/hosts", 1U << 20).value_or("");
  return machine;
}

std::string hosts_text(const SandboxSpec& spec, const std::string& machine_hosts) {
  std::string text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
  if (spec.network_namespace < 0) {
    text += "127.0.0.1 " + spec.hostname + "\n";
  } else {
    for (std::size_t i = 0; i < spec.hosts.size(); ++i)
      text += "10.77.0." + std::to_string(i + 1) + " " + spec.hosts[i] + "\n";
  }
  for (const std::string_view line : split(machine_hosts, '\n')) {
    const std::string_view entry = trim(line);
    const bool local = entry.starts_with("127.") || entry.starts_with("::1") ||
                       entry.starts_with("fe") || entry.starts_with("ff");
    if (!entry.empty() && entry.front() != '#' && !local) text.append(entry).append("\n");
  }
  return text;
}

Result<std::vector<Mount>> write_etc(const std::string& folder, const SandboxSpec& spec,
                                     const MachineView& machine) {
  CLARY_RETURN_IF_ERROR(make_folders(folder));
  const bool own_network = spec.network_namespace >= 0;
  const std::string resolv =
      own_network ? "nameserver 10.0.2.3\n" : read_file("/etc/resolv.conf").value_or("");
  const std::array<std::pair<const char*, std::string>, 6> files = {{
      {"passwd",
       "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/"
       "nologin\n"},
      {"group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"},
      {"nsswitch.conf",
       "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: "
       "files\n"},
      {"hostname", spec.hostname + "\n"},
      {"hosts", hosts_text(spec, machine.hosts)},
      {"resolv.conf", resolv},
  }};
  std::vector<Mount> mounts;
  for (const auto& [name, text] : files) {
    CLARY_RETURN_IF_ERROR(write_file_atomically(path_join(folder, name), text));
    mounts.push_back({path_join(folder, name), path_join("/etc", name)});
  }
  return mounts;
}

Result<std::vector<std::string>> view_arguments(const SandboxSpec& spec, const MachineView& machine,
                                                const ViewParts& parts) {
  std::vector<std::string> arguments;
  append(arguments, {"--unshare-pid", "--as-pid-1", "--unshare-ipc", "--unshare-uts"});
  append(arguments, {"--hostname", spec.hostname, "--cap-drop", "ALL", "--chdir", "/"});
  show_system(arguments, spec, machine, parts);
  std::vector<Mount> shown = spec.mounts;
  shown.insert(shown.end(), parts.overlays.begin(), parts.overlays.end());
  // A folder comes before what is inside it.
  std::stable_sort(shown.begin(), shown.end(),
                   [](const Mount& a, const Mount& b) { return a.target < b.target; });
  for (const Mount& mount : shown) {
    CLARY_RETURN_IF_ERROR(check_target(mount.target));
    if (!mount.writable && mount.source == mount.target && is_within(mount.target, "/usr"))
      continue;
    make_way(arguments, mount.target);
    append(arguments, {mount.writable ? "--bind" : "--ro-bind", mount.source, mount.target});
  }
  append(arguments, {"--remount-ro", "/"});
  return arguments;
}

}  // namespace clary::compute
