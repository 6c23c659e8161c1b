// What a job host asks for and what a machine has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary::compute {

struct Resources {
  int cores = 1;
  std::uint64_t memory_bytes = 0;
  int gpus = 0;
  friend bool operator==(const Resources&, const Resources&) = default;
};

// What this machine has: online cores within the cpuset, memory within the cgroup, NVIDIA devices.
Resources machine_resources();

// The numbers of this machine's cores that this process may use (sched_getaffinity(2)), in order.
std::vector<int> usable_cpus();

// Each member cut to what the machine has.
Resources fitted(const Resources& wanted, const Resources& machine);

// The resources that an AWS instance type stands for ("ml.c5.xlarge": 4 cores, 8 GiB). The one
// place in compute/ that knows AWS's words. NotFound for a type the table does not have; "local" is
// the whole machine. Source: AWS EC2 instance type pages.
Result<Resources> instance_type_resources(std::string_view instance_type);

}  // namespace clary::compute
