#include "apps/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"
#include "base/strings.h"

namespace clary::apps {

Status check_data_format(const std::string& path) {
  const std::string file = path_join(path, "format");
  if (!exists(file)) {
    return not_found(fmt::format(
        "data directory '{}': {}", path,
        exists(path) ? "no server has kept anything there: it has no file 'format'" : "not there"));
  }
  CLARY_TRY(const std::string text, read_file(file, 64));
  const auto version = parse_int(trim(text));
  if (!version || *version < 1) {
    return invalid_argument(
        fmt::format("data directory '{}': its file 'format' holds no version", path));
  }
  if (*version > kDataFormat) {
    return unsupported(
        fmt::format("data directory '{}': written by a newer release (format {}, this release "
                    "knows up to {}); start that release, or use another folder",
                    path, *version, kDataFormat));
  }
  return {};
}

Result<DataFolder> DataFolder::open(const std::string& path) {
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(path)));
  CLARY_RETURN_IF_ERROR(make_folders(path, 0700));
  CLARY_TRY(const std::string real, real_path(path));
  CLARY_TRY(Fd lock, open_file(real + "/lock", O_RDWR | O_CREAT, 0600));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = read_file(real + "/lock", 64).value_or("");
    return already_exists(
        fmt::format("data directory '{}' is in use by another clary serve (pid {}): stop it, or "
                    "choose another directory with --data",
                    real, trim(holder)));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0) return system_error("truncate '" + real + "/lock'");
  CLARY_RETURN_IF_ERROR(write_all(lock, pid, "write '" + real + "/lock'"));
  if (!exists(real + "/format")) {
    CLARY_RETURN_IF_ERROR(write_file_atomically(
        real + "/format", std::to_string(kDataFormat) + "\n", 0600, Durability::kSynced));
  }
  CLARY_RETURN_IF_ERROR(check_data_format(real));
  return DataFolder(real, std::move(lock));
}

}  // namespace clary::apps
