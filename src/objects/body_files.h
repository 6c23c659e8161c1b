// The files of a DirectoryStore: bodies that are too large for the index, and what is being
// written. A sealed file is durable and complete, and never changes again; nor does a sealed
// stretch of an upload's file, whose other stretches are written meanwhile. Thread-safe; one writer
// per temporary file or stretch.
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

  struct Stretch {
    std::uint64_t first = 0;  // byte of the file
    std::uint64_t bytes = UINT64_MAX;
  };

  // Bytes on their way: a file of their own, which is removed when this is destroyed before seal(),
  // or a stretch of another, which then holds anything.
  class Temporary {
   public:
    Temporary(Temporary&& other) noexcept;
    Temporary& operator=(Temporary&&) = delete;
    ~Temporary();
    // InvalidArgument: more than the stretch holds.
    Status write(std::string_view bytes);
    // Appends a stretch of a file: copy_bytes().
    Status append(const Fd& file, const Stretch& stretch);
    // Durable under the file's final name, which is returned.
    Result<std::string> seal();

   private:
    friend class BodyFiles;
    Temporary(const BodyFiles& files, std::string name, Fd file)
        : files_(&files), name_(std::move(name)), file_(std::move(file)) {}

    const BodyFiles* files_;
    std::string name_;  // in tmp/; "" once it is sealed, and of a stretch
    Fd file_;
    std::string within_;  // the file that this is a stretch of, or ""
    Stretch stretch_;
    std::uint64_t written_ = 0;
    std::uint64_t started_ = 0;  // bytes whose way to the disk has begun
  };
  Result<Temporary> create();

  // An empty file under its final name, durable; one that is there already is fine.
  Status make(const std::string& name) const;
  // Bytes of that file, which others write elsewhere. most_ahead: so far behind the file's end may
  // it begin. Unsupported: it may not, the file cannot be so long, or it has a second name, by
  // which a backup holds it. NotFound: it has been removed.
  Result<Temporary> write_within(const std::string& name, const Stretch& stretch,
                                 std::uint64_t most_ahead) const;

  // A second name for a sealed file, durable; each is removed by itself. NotFound: it has been
  // removed. Unsupported: the file system has no more links for it.
  Result<std::string> share(const std::string& name);

  // LimitExceeded: the disk would have less left than `kept_bytes` with so much more on it.
  Status require_free(std::uint64_t kept_bytes, std::uint64_t more_bytes = 0) const;

  Result<Fd> open(const std::string& name) const;  // NotFound when it has been removed
  Result<std::uint64_t> size_of(const std::string& name) const;
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
