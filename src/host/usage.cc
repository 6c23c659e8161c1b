#include "host/usage.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/files.h"
#include "base/strings.h"
#include "base/subprocess.h"

namespace clary::host {
namespace {

constexpr Duration kGpuInterval =
    std::chrono::seconds(5);  // nvidia-smi takes a tenth of a second of CPU
constexpr Duration kGpuTimeout = std::chrono::seconds(3);

std::uint64_t number_at(const std::vector<std::string_view>& fields, std::size_t index) {
  const std::optional<std::int64_t> value =
      index < fields.size() ? parse_int(fields[index]) : std::nullopt;
  return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

// Those that any thread of the process has started. False where the kernel keeps no such lists.
bool append_children(const std::string& process_folder, std::vector<pid_t>& pids) {
  const std::string tasks = process_folder + "/task";
  bool listed = false;
  for (const std::string& thread : list_folder(tasks).value_or({})) {
    const Result<std::string> children = read_file(tasks + "/" + thread + "/children", 1U << 20);
    if (!children.ok()) continue;
    listed = true;
    for (const std::string_view child : split(trim(*children), ' ')) {
      if (const auto pid = parse_int(child)) pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  return listed;
}

Result<std::vector<pid_t>> every_process(const std::string& proc_folder) {
  CLARY_TRY(const std::vector<std::string> names, list_folder(proc_folder));
  std::vector<pid_t> pids;
  for (const std::string& name : names) {
    if (const auto pid = parse_int(name)) pids.push_back(static_cast<pid_t>(*pid));
  }
  return pids;
}

double rounded(double value) { return std::round(value * 100) / 100; }

}  // namespace

Result<ProcessUse> parse_process(std::string_view stat, std::string_view statm,
                                 std::uint64_t page_bytes) {
  // The name, in parentheses, may hold anything.
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos)
    return invalid_argument("/proc stat: no name");
  const std::vector<std::string_view> fields = split(trim(stat.substr(close + 1)), ' ');
  const std::vector<std::string_view> pages = split(trim(statm), ' ');
  const std::optional<std::int64_t> pid = parse_int(trim(stat.substr(0, open)));
  if (!pid || fields.size() < 15 || pages.size() < 3)
    return invalid_argument("/proc stat: too short");
  // Field numbers of proc(5), less the three before the fields here.
  return ProcessUse{.pid = static_cast<pid_t>(*pid),
                    .parent = static_cast<pid_t>(number_at(fields, 1)),
                    .own_ticks = number_at(fields, 11) + number_at(fields, 12),
                    .children_ticks = number_at(fields, 13) + number_at(fields, 14),
                    .resident_bytes = number_at(pages, 1) * page_bytes,
                    .shared_bytes = number_at(pages, 2) * page_bytes};
}

Result<std::vector<ProcessUse>> read_tree(pid_t root, const std::string& proc_folder) {
  const auto folder_of = [&](pid_t pid) { return path_join(proc_folder, std::to_string(pid)); };
  std::vector<pid_t> pids = {root};
  const bool has_lists = append_children(folder_of(root), pids);
  if (!has_lists) {
    CLARY_TRY(pids, every_process(proc_folder));
  }
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<ProcessUse> processes;
  for (std::size_t i = 0; i < pids.size(); ++i) {
    const std::string folder = folder_of(pids[i]);
    if (has_lists && pids[i] != root) append_children(folder, pids);
    const Result<std::string> stat = read_file(folder + "/stat", 4096);
    const Result<std::string> statm = read_file(folder + "/statm", 4096);
    if (!stat.ok() || !statm.ok()) continue;
    if (Result<ProcessUse> use = parse_process(*stat, *statm, page_bytes); use.ok())
      processes.push_back(*use);
  }
  return processes;
}

TreeUse tree_use(const std::vector<ProcessUse>& processes, pid_t root) {
  std::multimap<pid_t, const ProcessUse*> children;
  TreeUse use;
  for (const ProcessUse& process : processes) {
    children.emplace(process.parent, &process);
    if (process.pid == root) use.ticks += process.children_ticks;
  }
  std::uint64_t largest_shared = 0;
  std::vector<pid_t> open = {root};
  std::set<pid_t> seen = {root};
  while (!open.empty()) {
    const pid_t parent = open.back();
    open.pop_back();
    for (auto [at, end] = children.equal_range(parent); at != end; ++at) {
      const ProcessUse& child = *at->second;
      if (!seen.insert(child.pid).second) continue;
      open.push_back(child.pid);
      use.ticks += child.own_ticks + child.children_ticks;
      use.memory_bytes += child.resident_bytes - std::min(child.resident_bytes, child.shared_bytes);
      largest_shared = std::max(largest_shared, child.shared_bytes);
    }
  }
  use.memory_bytes += largest_shared;
  return use;
}

std::optional<GpuUse> parse_gpu_use(std::string_view csv) {
  GpuUse use;
  bool any = false;
  for (const std::string_view line : split(csv, '\n')) {
    if (trim(line).empty()) continue;
    const std::vector<std::string_view> fields = split(line, ',');
    if (fields.size() != 3) return std::nullopt;
    const std::optional<double> busy = parse_double(trim(fields[0]));
    const std::optional<double> used = parse_double(trim(fields[1]));
    const std::optional<double> total = parse_double(trim(fields[2]));
    if (busy) use.percent += *busy;
    if (used && total && *total > 0) use.memory_percent += 100 * *used / *total;
    any = any || busy || (used && total);
  }
  return any ? std::optional(use) : std::nullopt;
}

Result<std::optional<Document>> UsageMeter::sample() {
  CLARY_TRY(const std::vector<ProcessUse> processes, read_tree(options_.root));
  const Duration now = clock_.steady();
  const TreeUse use = tree_use(processes, options_.root);
  const std::optional<std::uint64_t> before = ticks_;
  if (before && use.ticks < *before) return std::optional<Document>();  // a process was missed
  const double seconds = std::chrono::duration<double>(now - taken_).count();
  ticks_ = use.ticks;
  taken_ = now;
  if (!before || seconds <= 0) return std::optional<Document>();

  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const std::uint64_t spent = use.ticks - *before;
  Document body = Document::object();
  body.set("cpu_percent", rounded(100 * static_cast<double>(spent) / ticks_per_second / seconds));
  if (options_.memory_bytes > 0) {
    body.set("memory_percent", rounded(100 * static_cast<double>(use.memory_bytes) /
                                       static_cast<double>(options_.memory_bytes)));
  }
  struct statvfs disk{};
  if (::statvfs(options_.disk_folder.c_str(), &disk) == 0 && disk.f_blocks > 0) {
    const auto used = static_cast<double>(disk.f_blocks - disk.f_bfree);
    body.set("disk_percent", rounded(100 * used / static_cast<double>(disk.f_blocks)));
  }
  if (!options_.gpu_devices.empty()) add_gpus(body);
  return std::optional<Document>(std::move(body));
}

void UsageMeter::add_gpus(Document& body) {
  const Duration now = clock_.steady();
  if (gpus_asked_ == Duration::min() || now - gpus_asked_ >= kGpuInterval) {
    gpus_asked_ = now;
    std::string indexes;
    for (const std::string& device : options_.gpu_devices) {
      const std::size_t digits = device.find_last_not_of("0123456789") + 1;
      indexes += (indexes.empty() ? "" : ",") + device.substr(digits);
    }
    const Result<SubprocessResult> asked = run_subprocess(
        {.command = {"nvidia-smi", "--query-gpu=utilization.gpu,memory.used,memory.total",
                     "--format=csv,noheader,nounits", "--id=" + indexes},
         .timeout = kGpuTimeout});
    gpus_ = asked.ok() && asked->exit_code == 0 ? parse_gpu_use(asked->output) : std::nullopt;
  }
  if (!gpus_) return;
  body.set("gpu_percent", rounded(gpus_->percent));
  body.set("gpu_memory_percent", rounded(gpus_->memory_percent));
}

}  // namespace clary::host
