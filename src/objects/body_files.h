// The files of a DirectoryStore: bodies that are too large for the index, and what is being
// written. A sealed file is durable and complete, and never changes again. Thread-safe; one
// writer per temporary file.
//
// Layout: ROOT/bodies/ab/abcd... (the first two digits name the folder), ROOT/tmp/abcd... while it
// is written.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/id_source.h"
#include "base/result.h"

namespace clary::objects {

// Where a sealed file of this name is below ROOT.
std::string body_place(const std::string& name);

class BodyFiles {
 public:
  // ids outlives this.
  BodyFiles(std::string root, IdSource& ids) : root_(std::move(root)), ids_(ids) {}

  // Makes ROOT where it is missing and removes what an interrupted write left in tmp/.
  Status prepare();

  // A file on its way; removed when destroyed before seal().
  class Temporary {
   public:
    Temporary(Temporary&& other) noexcept;
    Temporary& operator=(Temporary&&) = delete;
    ~Temporary();
    Status write(std::string_view bytes);
    // Appends the whole of a sealed file: copy_bytes().
    Status append(const Fd& file);
    // Durable under its final name, which is returned.
    Result<std::string> seal();

   private:
    friend class BodyFiles;
    Temporary(const BodyFiles& files, std::string name, Fd file)
        : files_(&files), name_(std::move(name)), file_(std::move(file)) {}

    const BodyFiles* files_;
    std::string name_;
    Fd file_;
    std::uint64_t written_ = 0;
    std::uint64_t started_ = 0;  // bytes whose way to the disk has begun
  };
  Result<Temporary> create();

  // A second name for a sealed file, durable; each is removed by itself. NotFound: it has been
  // removed. Unsupported: the file system has no more links for it.
  Result<std::string> share(const std::string& name);

  // LimitExceeded: the disk would have less left than `kept_bytes` with so much more on it.
  Status require_free(std::uint64_t kept_bytes, std::uint64_t more_bytes = 0) const;

  Result<Fd> open(const std::string& name) const;  // NotFound when it has been removed
  // Absent is fine. A file that cannot be removed is left to a sweep.
  void remove(const std::string& name) const;
  bool left_strays() const { return left_strays_; }
  std::string path_of(const std::string& name) const;

  // Removes every sealed file that `referenced` does not know. Only while nothing writes.
  Status sweep(const std::function<bool(const std::string& name)>& referenced);

 private:
  Status make_folder_of(const std::string& path) const;
  Status place(const std::string& name) const;
  std::string temporary_path(const std::string& name) const { return root_ + "/tmp/" + name; }

  std::string root_;
  IdSource& ids_;
  mutable std::atomic<bool> left_strays_ = false;
};

}  // namespace clary::objects
