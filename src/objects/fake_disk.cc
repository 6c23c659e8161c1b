#include "objects/fake_disk.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <ranges>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/files.h"

namespace clary::objects {
namespace {

std::atomic<FakeDisk*> disk = nullptr;

// ---- the kernel itself ----

ssize_t kernel_write(int file, const char* bytes, std::size_t size, off_t offset) {
  return offset < 0 ? ::syscall(SYS_write, file, bytes, size)
                    : ::syscall(SYS_pwrite64, file, bytes, size, offset);
}
int kernel_open(const char* path, int flags, mode_t mode) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int kernel_truncate(int file, off_t size) {
  return static_cast<int>(::syscall(SYS_ftruncate, file, size));
}

std::string path_of(int file) { return "/proc/self/fd/" + std::to_string(file); }

}  // namespace

FakeDisk::FakeDisk(std::string folder) : folder_(std::move(folder) + "/") {
  CLARY_CHECK(disk.exchange(this) == nullptr);
}
FakeDisk::~FakeDisk() { disk = nullptr; }

void FakeDisk::die_at(std::uint64_t change, Death death) {
  const MutexLock lock(mutex_);
  dies_at_ = change;
  death_ = death;
}

void FakeDisk::fail_from(std::uint64_t change, int error_number) {
  const MutexLock lock(mutex_);
  fails_from_ = change;
  error_ = error_number;
}

void FakeDisk::heal() { fail_from(std::numeric_limits<std::uint64_t>::max(), 0); }

std::uint64_t FakeDisk::changes() {
  const MutexLock lock(mutex_);
  return changes_;
}

bool FakeDisk::holds(std::string_view path) const {
  return path.starts_with(folder_) && !path.ends_with("-shm");
}

bool FakeDisk::holds(int file) const {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink(path_of(file).c_str(), path.data(), path.size());
  if (size <= 0) return false;
  const std::string_view found(path.data(), static_cast<std::size_t>(size));
  return holds(found) || found == std::string_view(folder_).substr(0, folder_.size() - 1);
}

FakeDisk::Identity FakeDisk::identity_of(int file) {
  struct stat found{};
  if (::fstat(file, &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}
FakeDisk::Identity FakeDisk::identity_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}

bool FakeDisk::admit(const std::function<void()>& half) {
  ++changes_;
  if (changes_ == dies_at_) die(half);
  if (changes_ < fails_from_) return true;
  errno = error_;
  return false;
}

void FakeDisk::die(const std::function<void()>& half) {
  if (death_ == Death::kTear && half) half();
  if (death_ == Death::kPowerCut) {
    for (const Unsynced& lost : std::views::reverse(unsynced_)) lost.undo();
  }
  ::kill(::getpid(), SIGKILL);
  std::abort();
}

void FakeDisk::keep_bytes(int file, off_t offset, std::size_t size) {
  const Identity identity = identity_of(file);
  auto found = kept_open_.find(identity);
  if (found == kept_open_.end())
    found = kept_open_.emplace(identity, kernel_open(path_of(file).c_str(), O_RDWR, 0)).first;
  const int kept = found->second;
  struct stat before{};
  ::fstat(kept, &before);
  const off_t at = offset < 0 ? ::lseek(file, 0, SEEK_CUR) : offset;
  const auto within = static_cast<std::size_t>(std::max<off_t>(before.st_size - at, 0));
  std::string bytes(std::min(size, within), '\0');
  const ssize_t got = ::pread(kept, bytes.data(), bytes.size(), at);
  CLARY_CHECK(got == static_cast<ssize_t>(bytes.size()));
  unsynced_.push_back({identity, [kept, at, bytes = std::move(bytes), length = before.st_size] {
                         if (!bytes.empty()) kernel_write(kept, bytes.data(), bytes.size(), at);
                         kernel_truncate(kept, length);
                       }});
}

void FakeDisk::keep_name(const std::string& path, std::function<void()> undo) {
  unsynced_.push_back({identity_of(folder_of(path)), std::move(undo)});
}

ssize_t FakeDisk::write(int file, const char* bytes, std::size_t size, off_t offset) {
  const MutexLock lock(mutex_);
  if (!admit([&] { kernel_write(file, bytes, size / 2, offset); })) return -1;
  if (forgets()) keep_bytes(file, offset, size);
  return kernel_write(file, bytes, size, offset);
}

ssize_t FakeDisk::copy(int from, int to, std::size_t size) {
  const auto carry_out = [&](std::size_t bytes) {
    return ::syscall(SYS_copy_file_range, from, nullptr, to, nullptr, bytes, 0);
  };
  const MutexLock lock(mutex_);
  if (!admit([&] { carry_out(1); })) return -1;
  if (forgets()) keep_bytes(to, -1, 0);
  return carry_out(size);
}

int FakeDisk::sync(int file) {
  const MutexLock lock(mutex_);
  if (!admit()) return -1;
  const Identity synced = identity_of(file);
  std::erase_if(unsynced_, [&](const Unsynced& change) { return change.until == synced; });
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

int FakeDisk::truncate(int file, off_t size) {
  const MutexLock lock(mutex_);
  if (!admit()) return -1;
  if (forgets()) keep_bytes(file, size, std::numeric_limits<std::size_t>::max());
  return kernel_truncate(file, size);
}

int FakeDisk::open(const char* path, int flags, mode_t mode) {
  const MutexLock lock(mutex_);
  if (error_ == EROFS && changes_ + 1 >= fails_from_ && (flags & O_ACCMODE) != O_RDONLY) {
    errno = EROFS;
    return -1;
  }
  if ((flags & O_CREAT) != 0 && !exists(path)) {
    if (!admit()) return -1;
    if (forgets())
      keep_name(path, [path = std::string(path)] { ::syscall(SYS_unlink, path.c_str()); });
  }
  return kernel_open(path, flags, mode);
}

int FakeDisk::rename(const char* from, const char* to) {
  const MutexLock lock(mutex_);
  if (!admit()) return -1;
  const int renamed = static_cast<int>(::syscall(SYS_rename, from, to));
  if (renamed == 0 && forgets()) {
    keep_name(to, [from = std::string(from), to = std::string(to)] {
      ::syscall(SYS_rename, to.c_str(), from.c_str());
    });
  }
  return renamed;
}

int FakeDisk::link(const char* from, const char* to) {
  const MutexLock lock(mutex_);
  if (!admit()) return -1;
  const int linked = static_cast<int>(::syscall(SYS_link, from, to));
  if (linked == 0 && forgets())
    keep_name(to, [to = std::string(to)] { ::syscall(SYS_unlink, to.c_str()); });
  return linked;
}

int FakeDisk::make_folder(const char* path, mode_t mode) {
  const MutexLock lock(mutex_);
  if (!exists(path)) {
    if (!admit()) return -1;
    if (forgets())
      keep_name(path, [path = std::string(path)] { static_cast<void>(remove_tree(path)); });
  }
  return static_cast<int>(::syscall(SYS_mkdir, path, mode));
}

int FakeDisk::unlink(const char* path) {
  const MutexLock lock(mutex_);
  if (exists(path) && !admit()) return -1;
  return static_cast<int>(::syscall(SYS_unlink, path));
}

}  // namespace clary::objects

// ---- in the place of libc's ----

using clary::objects::disk;

// NOLINTBEGIN(readability-identifier-naming): their names are libc's
extern "C" {

ssize_t write(int file, const void* bytes, std::size_t size) {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(file)) return ::syscall(SYS_write, file, bytes, size);
  return faked->write(file, static_cast<const char*>(bytes), size, -1);
}

ssize_t pwrite64(int file, const void* bytes, std::size_t size, off64_t offset) {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(file))
    return ::syscall(SYS_pwrite64, file, bytes, size, offset);
  return faked->write(file, static_cast<const char*>(bytes), size, offset);
}

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset,
                        std::size_t size, unsigned flags) {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(to))
    return ::syscall(SYS_copy_file_range, from, from_offset, to, to_offset, size, flags);
  return faked->copy(from, to, size);
}

int fdatasync(int file) {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(file))
    return static_cast<int>(::syscall(SYS_fdatasync, file));
  return faked->sync(file);
}

int fsync(int file) {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(file)) return static_cast<int>(::syscall(SYS_fsync, file));
  return faked->sync(file);
}

int ftruncate64(int file, off64_t size) noexcept {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(file))
    return static_cast<int>(::syscall(SYS_ftruncate, file, size));
  return faked->truncate(file, size);
}

int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>((flags & O_CREAT) != 0 ? va_arg(rest, int) : 0);
  va_end(rest);
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(path))
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  return faked->open(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = static_cast<mode_t>((flags & O_CREAT) != 0 ? va_arg(rest, int) : 0);
  va_end(rest);
  return ::open(path, flags, mode);
}

int rename(const char* from, const char* to) noexcept {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(std::string_view(to)))
    return static_cast<int>(::syscall(SYS_rename, from, to));
  return faked->rename(from, to);
}

int link(const char* from, const char* to) noexcept {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(std::string_view(to)))
    return static_cast<int>(::syscall(SYS_link, from, to));
  return faked->link(from, to);
}

int mkdir(const char* path, mode_t mode) noexcept {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(std::string_view(path)))
    return static_cast<int>(::syscall(SYS_mkdir, path, mode));
  return faked->make_folder(path, mode);
}

int unlink(const char* path) noexcept {
  auto* const faked = disk.load();
  if (faked == nullptr || !faked->holds(std::string_view(path)))
    return static_cast<int>(::syscall(SYS_unlink, path));
  return faked->unlink(path);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
