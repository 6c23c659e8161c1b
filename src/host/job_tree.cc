#include "host/job_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "base/strings.h"

namespace clary::host {
namespace {

Error refused(std::string_view path, int failure) {
  if (failure == ELOOP || failure == ENOTDIR) {
    return invalid_argument("'" + std::string(path) +
                            "': a symbolic link or no folder stands in its path");
  }
  return system_error("open '" + std::string(path) + "'", failure);
}

}  // namespace

Result<std::string> inside_job_folder(std::string_view path) {
  const std::string_view asked = path;
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto refused = [&] {
    return invalid_argument("'" + std::string(asked) + "': not a plain path under /opt/ml");
  };
  if (!path.starts_with(kContainerBase)) return refused();
  path.remove_prefix(kContainerBase.size());
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return refused();
  }
  return std::string(path);
}

Result<Fd> open_inside(const std::string& root, std::string_view path, int flags, mode_t mode) {
  CLARY_TRY(Fd folder, open_file(root, O_RDONLY | O_DIRECTORY));
  const std::vector<std::string_view> parts = split(path, '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part(parts[i]);
    if (part.empty() || part == "." || part == "..")
      return invalid_argument("'" + std::string(path) + "': not a plain path");
    const bool last = i + 1 == parts.size();
    const int opened =
        last
            ? ::openat(folder.get(), part.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode)
            : ::openat(folder.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (opened < 0) return refused(path, errno);
    folder = Fd(opened);
  }
  return folder;
}

Result<std::string> read_inside(const std::string& root, std::string_view path,
                                std::uint64_t limit_bytes) {
  // A FIFO would make open() wait for a writer.
  CLARY_TRY(const Fd file, open_inside(root, path, O_RDONLY | O_NONBLOCK));
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return system_error("look at '" + std::string(path) + "'");
  if (!S_ISREG(found.st_mode))
    return invalid_argument("'" + std::string(path) + "': not a regular file");
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(
                        limit_bytes, static_cast<std::uint64_t>(found.st_size))),
                    '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read '" + std::string(path) + "'");
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  bytes.resize(at);
  return bytes;
}

Status write_inside(const std::string& root, std::string_view path, std::string_view bytes) {
  CLARY_TRY(const Fd folder, open_inside(root, folder_of(path), O_RDONLY | O_DIRECTORY));
  const std::string name = base_name(path);
  if (::unlinkat(folder.get(), name.c_str(), 0) != 0 && errno != ENOENT)
    return refused(path, errno);
  const Fd file(::openat(folder.get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return refused(path, errno);
  return write_all(file, bytes, "write '" + std::string(path) + "'");
}

bool holds_anything(const std::string& root, std::string_view path) {
  const Result<Fd> folder = open_inside(root, path, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return false;
  const Result<std::vector<std::string>> names =
      list_folder("/proc/self/fd/" + std::to_string(folder->get()));
  return names.ok() && !names->empty();
}

}  // namespace clary::host
