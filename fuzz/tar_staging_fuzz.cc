// Archives that somebody else made: whatever they hold, nothing is written beside the target
// folder, nothing grows beyond the limits, and no link of the target leads out of it.
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "archives/byte_sources.h"
#include "archives/tar_staging.h"
#include "base/check.h"
#include "base/files.h"

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytes = 1 << 20;
constexpr std::uint64_t kMembers = 64;

std::string make_folder() {
  std::string folder =
      (fs::exists("/dev/shm") ? "/dev/shm" : "/tmp") + std::string("/clary-fuzz-XXXXXX");
  CLARY_CHECK(::mkdtemp(folder.data()) != nullptr);
  return folder;
}

void check_target(const std::string& target) {
  std::uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(target)) {
    if (entry.is_symlink()) {
      std::error_code absent;
      const fs::path leads_to = fs::canonical(entry.path(), absent);
      CLARY_CHECK(absent || leads_to == target || leads_to.string().starts_with(target + "/"));
    } else if (entry.is_regular_file() && entry.hard_link_count() == 1) {
      bytes += entry.file_size();
    }
  }
  CLARY_CHECK(bytes <= kBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string folder = make_folder();
  const std::string target = folder + "/target";
  CLARY_CHECK(clary::remove_tree(target).ok() && clary::make_folders(target).ok());
  const auto source =
      clary::archives::memory_source(std::string(reinterpret_cast<const char*>(data), size));
  const clary::Result<clary::archives::TarTotals> totals = clary::archives::unpack_tar(
      *source, target,
      {.bytes = kBytes, .members = kMembers, .ratio = 50, .ratio_from_bytes = 1 << 16});
  // After a refusal the folder is thrown away; what was written stayed in it all the same.
  if (totals.ok()) check_target(target);
  const auto names = clary::list_folder(folder);
  CLARY_CHECK(names.ok() && names->size() == 1);
  return 0;
}
