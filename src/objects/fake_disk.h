// FakeDisk: the disk below a folder, in a test: the process dies at its n-th change, or changes are
// refused from then on.
//
// It takes the place of libc's write, fdatasync, rename and their kin in the test's binary, for
// SQLite's calls too: the code under test is the code that is released, and nothing stands in it
// for the test's sake. Changes are numbered from 1, and come in one order where one thing is done
// after another. One at a time in a process; thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace clary::objects {

enum class Death {
  kKill,      // before the change
  kTear,      // with half of the bytes written, where it writes some
  kPowerCut,  // before the change, and nothing stays that was not synced: bytes, names, folders
};

class FakeDisk {
 public:
  // folder: absolute, without symbolic links. SQLite's shared memory ("-shm") is no part of it.
  explicit FakeDisk(std::string folder);
  FakeDisk(const FakeDisk&) = delete;
  FakeDisk& operator=(const FakeDisk&) = delete;
  ~FakeDisk();

  // The process is killed at that change. A power cut loses what was changed since this call.
  void die_at(std::uint64_t change, Death death);
  // That change and all later ones fail with the error; one of EROFS keeps files from being opened
  // for writing, too.
  void fail_from(std::uint64_t change, int error_number);
  void heal();
  std::uint64_t changes();  // so far

  // ---- what libc's functions become; -1 with errno as they ----
  ssize_t write(int file, const char* bytes, std::size_t size, off_t offset);  // -1: where it is
  ssize_t copy(int from, int to, std::size_t size);
  int sync(int file);
  int truncate(int file, off_t size);
  int open(const char* path, int flags, mode_t mode);
  int rename(const char* from, const char* to);
  int link(const char* from, const char* to);
  int make_folder(const char* path, mode_t mode);
  int unlink(const char* path);
  bool holds(int file) const;
  bool holds(std::string_view path) const;

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    auto operator<=>(const Identity&) const = default;
  };
  // What is lost when the power is cut before the file or folder has been synced.
  struct Unsynced {
    Identity until;
    std::function<void()> undo;
  };
  static Identity identity_of(int file);
  static Identity identity_of(const std::string& path);

  // Counts the change. False: it is refused, and errno says why. `half` is what a tear leaves.
  bool admit(const std::function<void()>& half = {}) CLARY_REQUIRES(mutex_);
  [[noreturn]] void die(const std::function<void()>& half) CLARY_REQUIRES(mutex_);
  bool forgets() const CLARY_REQUIRES(mutex_) {
    return dies_at_ != 0 && death_ == Death::kPowerCut;
  }
  void keep_bytes(int file, off_t offset, std::size_t size) CLARY_REQUIRES(mutex_);
  void keep_name(const std::string& path, std::function<void()> undo) CLARY_REQUIRES(mutex_);

  const std::string folder_;
  Mutex mutex_;
  std::uint64_t changes_ CLARY_GUARDED_BY(mutex_) = 0;
  std::uint64_t dies_at_ CLARY_GUARDED_BY(mutex_) = 0;
  Death death_ CLARY_GUARDED_BY(mutex_) = Death::kKill;
  std::uint64_t fails_from_ CLARY_GUARDED_BY(mutex_) = std::numeric_limits<std::uint64_t>::max();
  int error_ CLARY_GUARDED_BY(mutex_) = 0;
  std::vector<Unsynced> unsynced_ CLARY_GUARDED_BY(mutex_);
  // Of files with unsynced bytes. Never closed: that would take away SQLite's locks.
  std::map<Identity, int> kept_open_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::objects
