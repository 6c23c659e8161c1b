// A memory limit for the processes of one sandbox (cgroup v1 or v2), and whether the kernel killed
// one for want of memory.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace clary::compute {

class MemoryCgroup {
 public:
  MemoryCgroup() = default;
  MemoryCgroup(MemoryCgroup&& other) noexcept;
  MemoryCgroup& operator=(MemoryCgroup&& other) noexcept;
  // Removes the group; its processes have ended.
  ~MemoryCgroup();

  // Unsupported, with the reason, where this process may not make groups.
  static Result<MemoryCgroup> make(const std::string& name, std::uint64_t limit_bytes);

  // The file a process joins by; "" when there is no group.
  std::string procs_file() const { return folder_.empty() ? "" : folder_ + "/cgroup.procs"; }
  // How many processes were killed for want of memory: in the group, or on the whole machine when
  // there is none.
  std::uint64_t out_of_memory_kills() const;

 private:
  std::string folder_;
};

}  // namespace clary::compute
