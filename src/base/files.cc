#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace clary {

Result<Fd> open_file(const std::string& path, int flags, mode_t mode) {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (number < 0) return system_error("open '" + path + "'");
  return Fd(number);
}

Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes) {
  CLARY_TRY(const Fd file, open_file(path, O_RDONLY));
  std::string bytes;
  std::array<char, 1 << 16> piece{};
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read '" + path + "'");
    if (got == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(got) > limit_bytes) {
      return limit_exceeded("read '" + path + "': larger than " + std::to_string(limit_bytes) +
                            " bytes");
    }
    bytes.append(piece.data(), static_cast<std::size_t>(got));
  }
}

Status write_all(const Fd& file, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_error(what);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

namespace {

constexpr std::size_t kCopyPiece = std::size_t{1} << 30;
constexpr std::size_t kReadPiece = std::size_t{1} << 20;

Result<std::uint64_t> copy_through_memory(const Fd& from, const Fd& to, std::string_view what,
                                          std::uint64_t limit_bytes) {
  std::string buffer(kReadPiece, '\0');
  std::uint64_t bytes = 0;
  while (bytes < limit_bytes) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), limit_bytes - bytes));
    const ssize_t got = ::read(from.get(), buffer.data(), wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(what);
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    CLARY_RETURN_IF_ERROR(write_all(to, std::string_view(buffer).substr(0, size), what));
    bytes += size;
  }
  return bytes;
}

}  // namespace

Result<std::uint64_t> copy_bytes(const Fd& from, const Fd& to, std::string_view what,
                                 std::uint64_t limit_bytes) {
  std::uint64_t bytes = 0;
  while (bytes < limit_bytes) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(kCopyPiece, limit_bytes - bytes));
    const ssize_t copied = ::copy_file_range(from.get(), nullptr, to.get(), nullptr, wanted, 0);
    if (copied == 0) break;
    if (copied > 0) bytes += static_cast<std::uint64_t>(copied);
    if (copied > 0 || errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
      return system_error(what);
    CLARY_TRY(const std::uint64_t rest, copy_through_memory(from, to, what, limit_bytes - bytes));
    return bytes + rest;
  }
  return bytes;
}

Status sync_folder(const std::string& path) {
  CLARY_TRY(const Fd folder, open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(folder.get()) != 0) return system_error("sync folder '" + path + "'");
  return {};
}

Status write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode,
                             Durability durability) {
  std::string aside = path + ".XXXXXX";
  Fd file(::mkostemp(aside.data(), O_CLOEXEC));
  if (!file.valid()) return system_error("create '" + aside + "'");
  Status written = write_all(file, bytes, "write '" + path + "'");
  if (written.ok() && ::fchmod(file.get(), mode) != 0)
    written = system_error("chmod '" + path + "'");
  if (written.ok() && durability == Durability::kSynced && ::fdatasync(file.get()) != 0) {
    written = system_error("sync '" + path + "'");
  }
  if (written.ok() && ::rename(aside.c_str(), path.c_str()) != 0) {
    written = system_error("rename to '" + path + "'");
  }
  if (!written.ok()) {
    ::unlink(aside.c_str());
    return written;
  }
  return durability == Durability::kSynced ? sync_folder(folder_of(path)) : Status();
}

Status make_folders(const std::string& path, mode_t mode) {
  if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == ENOENT) {
    CLARY_RETURN_IF_ERROR(make_folders(folder_of(path), mode));
    if (::mkdir(path.c_str(), mode) == 0) return {};
  }
  const int failure = errno;
  struct stat found{};
  if (failure == EEXIST && ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
  if (failure == EEXIST) return already_exists("'" + path + "' is a file, no folder");
  return system_error("make folder '" + path + "'", failure);
}

namespace {

// Somebody else may remove parts of a tree, or add to it, meanwhile; each attempt makes progress.
constexpr int kRemoveAttempts = 1000;

// Folders whose owner may not enter them are still the owner's to remove.
void open_folders(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return;
  if ((found.st_mode & 0700) != 0700 && ::chmod(path.c_str(), 0700) != 0) return;
  const Result<std::vector<std::string>> names = list_folder(path);
  if (!names.ok()) return;
  for (const std::string& name : *names) open_folders(path_join(path, name));
}

}  // namespace

Status remove_tree(const std::string& path) {
  std::error_code failure;
  for (int attempt = 0; attempt < kRemoveAttempts; ++attempt) {
    std::filesystem::remove_all(path, failure);
    if (!failure) return {};
    const bool raced = failure == std::errc::no_such_file_or_directory ||
                       failure == std::errc::directory_not_empty;
    if (failure == std::errc::permission_denied) {
      open_folders(path);
    } else if (!raced) {
      break;
    }
  }
  return system_error("remove '" + path + "'", failure.value());
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::vector<std::string>> list_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (folder == nullptr) return system_error("list '" + path + "'");
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string path_join(std::string_view folder, std::string_view name) {
  std::string out(folder);
  if (!out.empty() && out.back() != '/') out += '/';
  return out.append(name);
}

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

std::string absolute_path(const std::string& path) {
  std::string out = path.starts_with('/') ? path : path_join(real_path(".").value_or("."), path);
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> found(::realpath(path.c_str(), nullptr), std::free);
  if (found == nullptr) return system_error("resolve '" + path + "'");
  return std::string(found.get());
}

}  // namespace clary
