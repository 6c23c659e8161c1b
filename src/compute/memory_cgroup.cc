#include "compute/memory_cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/files.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

constexpr const char* kV1 = "/sys/fs/cgroup/memory";
constexpr const char* kV2 = "/sys/fs/cgroup";

Status write_value(const std::string& path, const std::string& value) {
  CLARY_TRY(const Fd file, open_file(path, O_WRONLY));
  return write_all(file, value, "write '" + path + "'");
}

// The number after `name ` at the start of a line.
std::uint64_t counter(const std::string& path, std::string_view name) {
  const Result<std::string> text = read_file(path);
  if (!text.ok()) return 0;
  for (const std::string_view line : split(*text, '\n')) {
    if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ' ') continue;
    return static_cast<std::uint64_t>(parse_int(trim(line.substr(name.size()))).value_or(0));
  }
  return 0;
}

}  // namespace

MemoryCgroup::MemoryCgroup(MemoryCgroup&& other) noexcept
    : folder_(std::exchange(other.folder_, "")) {}

MemoryCgroup& MemoryCgroup::operator=(MemoryCgroup&& other) noexcept {
  std::swap(folder_, other.folder_);
  return *this;
}

MemoryCgroup::~MemoryCgroup() {
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

Result<MemoryCgroup> MemoryCgroup::make(const std::string& name, std::uint64_t limit_bytes) {
  const bool v1 = exists(std::string(kV1) + "/memory.limit_in_bytes");
  const Result<std::string> controllers = read_file(std::string(kV2) + "/cgroup.subtree_control");
  if (!v1 && (!controllers.ok() || controllers->find("memory") == std::string::npos)) {
    return unsupported("no memory limit: there is no memory cgroup to make one in");
  }
  MemoryCgroup group;
  const std::string folder = std::string(v1 ? kV1 : kV2) + "/clary-" + name;
  if (const Status made = make_folders(folder); !made.ok()) {
    return unsupported("no memory limit: " + made.error().message);
  }
  group.folder_ = folder;
  const std::string limit = std::to_string(limit_bytes);
  const Status limited =
      write_value(folder + (v1 ? "/memory.limit_in_bytes" : "/memory.max"), limit);
  if (!limited.ok()) return unsupported("no memory limit: " + limited.error().message);
  return group;
}

std::uint64_t MemoryCgroup::out_of_memory_kills() const {
  if (folder_.empty()) return counter("/proc/vmstat", "oom_kill");
  const std::string v1 = folder_ + "/memory.oom_control";
  return exists(v1) ? counter(v1, "oom_kill") : counter(folder_ + "/memory.events", "oom_kill");
}

}  // namespace clary::compute
