#include "compute/resources.h"

#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/files.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

// A number in a file, when it is one ("max" is none).
std::optional<std::uint64_t> number_in(const std::string& path) {
  const Result<std::string> text = read_file(path, 4096);
  if (!text.ok()) return std::nullopt;
  const auto number = parse_int(trim(*text));
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

// This process's group in a hierarchy: "0::/x" (v2) or "4:memory:/x" (v1).
std::string group_of(std::string_view controller) {
  const std::string text = read_file("/proc/self/cgroup").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 3) continue;
    const auto controllers = split(fields[1], ',');
    if (std::find(controllers.begin(), controllers.end(), controller) == controllers.end())
      continue;
    return std::string(line.substr(fields[0].size() + fields[1].size() + 2));
  }
  return "";
}

// The smallest limit of a group and the groups above it.
std::uint64_t least_limit(const std::string& root, std::string group, const std::string& file) {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (;;) {
    if (const auto limit = number_in(root + group + "/" + file)) least = std::min(least, *limit);
    if (group.empty() || group == "/") return least;
    group = group.substr(0, group.rfind('/'));
  }
}

std::uint64_t memory_limit() {
  struct sysinfo machine{};
  std::uint64_t bytes = 0;
  if (::sysinfo(&machine) == 0)
    bytes = static_cast<std::uint64_t>(machine.totalram) * machine.mem_unit;
  bytes = std::min(bytes, least_limit("/sys/fs/cgroup", group_of(""), "memory.max"));
  return std::min(
      bytes, least_limit("/sys/fs/cgroup/memory", group_of("memory"), "memory.limit_in_bytes"));
}

// Cores that the quota of this process's group is worth, rounded up.
std::optional<int> quota_cores() {
  const auto cores = [](std::int64_t quota, std::int64_t period) -> std::optional<int> {
    if (quota <= 0 || period <= 0) return std::nullopt;
    return static_cast<int>((quota + period - 1) / period);
  };
  const std::string v2 = read_file("/sys/fs/cgroup" + group_of("") + "/cpu.max", 4096).value_or("");
  const auto fields = split(trim(v2), ' ');
  if (fields.size() == 2)
    return cores(parse_int(fields[0]).value_or(0), parse_int(fields[1]).value_or(0));
  const std::string v1 = "/sys/fs/cgroup/cpu" + group_of("cpu");
  const auto quota = number_in(v1 + "/cpu.cfs_quota_us");
  const auto period = number_in(v1 + "/cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  return cores(static_cast<std::int64_t>(*quota), static_cast<std::int64_t>(*period));
}

int usable_cores() {
  const int allowed = static_cast<int>(usable_cpus().size());
  const int online = allowed > 0 ? allowed : static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  return std::max(1, std::min(online, quota_cores().value_or(online)));
}

int nvidia_devices() {
  int count = 0;
  while (exists("/dev/nvidia" + std::to_string(count))) ++count;
  return count;
}

}  // namespace

std::vector<int> usable_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  return cpus;
}

Resources machine_resources() {
  return {.cores = usable_cores(), .memory_bytes = memory_limit(), .gpus = nvidia_devices()};
}

Resources fitted(const Resources& wanted, const Resources& machine) {
  return {.cores = std::min(wanted.cores, machine.cores),
          .memory_bytes = std::min(wanted.memory_bytes, machine.memory_bytes),
          .gpus = std::min(wanted.gpus, machine.gpus)};
}

}  // namespace clary::compute
