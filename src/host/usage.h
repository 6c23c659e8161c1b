// What the processes of a job use of their machine: CPU, memory, disk, GPUs.
//
// Read from /proc: every descendant of the host program, those that were reaped meanwhile too. One
// thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "base/result.h"

namespace clary::host {

struct ProcessUse {
  pid_t pid = 0;
  pid_t parent = 0;
  std::uint64_t own_ticks = 0;       // CPU time of its own, in clock ticks
  std::uint64_t children_ticks = 0;  // of children it has reaped
  std::uint64_t resident_bytes = 0;
  std::uint64_t shared_bytes = 0;  // of the resident ones
};

// /proc/<pid>/stat and /proc/<pid>/statm. InvalidArgument when the text is not of that form.
Result<ProcessUse> parse_process(std::string_view stat, std::string_view statm,
                                 std::uint64_t page_bytes);
// `root` and its descendants, by /proc/PID/task/TID/children: others' processes cost nothing. Those
// that end while they are read are left out, and by chance one beside them; a kernel without these
// lists (CONFIG_PROC_CHILDREN) has every process of the machine looked at.
Result<std::vector<ProcessUse>> read_tree(pid_t root, const std::string& proc_folder = "/proc");

struct TreeUse {
  std::uint64_t ticks = 0;         // grows only, whatever ends
  std::uint64_t memory_bytes = 0;  // shared pages counted once
};
// The descendants of `root`, not itself, and what it has reaped.
TreeUse tree_use(const std::vector<ProcessUse>& processes, pid_t root);

struct GpuUse {
  double percent = 0;         // 100 per device
  double memory_percent = 0;  // 100 per device
};
// The output of nvidia-smi --query-gpu=utilization.gpu,memory.used,memory.total
// --format=csv,noheader,nounits.
std::optional<GpuUse> parse_gpu_use(std::string_view csv);

struct UsageOptions {
  pid_t root = 0;                  // the host program
  std::uint64_t memory_bytes = 0;  // what 100 % means
  std::string disk_folder;         // on the job's file system
  std::vector<std::string> gpu_devices;
};

class UsageMeter {
 public:
  UsageMeter(UsageOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {}
  // The body of a kUsage record: the CPU since the last body. Nothing on the first call, and when a
  // process was missed.
  Result<std::optional<Document>> sample();

 private:
  void add_gpus(Document& body);

  UsageOptions options_;
  const Clock& clock_;
  std::optional<std::uint64_t> ticks_;
  Duration taken_{0};
  Duration gpus_asked_ = Duration::min();
  std::optional<GpuUse> gpus_;
};

}  // namespace clary::host
