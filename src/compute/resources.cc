#include "compute/resources.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/files.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

// The limit of this process's memory cgroup; 0 when there is none. Version 1 writes a huge number
// for "none".
std::uint64_t cgroup_memory_limit() {
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const Result<std::string> text = read_file(path, 256);
    if (!text.ok()) continue;
    const auto limit = parse_int(trim(*text));
    if (limit && *limit > 0) return static_cast<std::uint64_t>(*limit);
  }
  return 0;
}

std::uint64_t machine_memory() {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const std::uint64_t physical = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t limit = cgroup_memory_limit();
  return limit == 0 ? physical : std::min(physical, limit);
}

int nvidia_devices() {
  int count = 0;
  while (exists("/dev/nvidia" + std::to_string(count))) ++count;
  return count;
}

}  // namespace

Resources machine_resources() {
  return {.cores = usable_cores(), .memory_bytes = machine_memory(), .gpus = nvidia_devices()};
}

Resources fitted(const Resources& wanted, const Resources& machine) {
  return {.cores = std::min(wanted.cores, machine.cores),
          .memory_bytes = std::min(wanted.memory_bytes, machine.memory_bytes),
          .gpus = std::min(wanted.gpus, machine.gpus)};
}

}  // namespace clary::compute
