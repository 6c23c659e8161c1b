// A folder of one run of a program, removed at its end; what a killed run has left there, the next
// one removes.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/id_source.h"
#include "base/result.h"

namespace clary::serving {

class ScratchFolder {
 public:
  // A fresh folder in `parent`, which is made where it is missing.
  static Result<ScratchFolder> make_in(const std::string& parent, IdSource& ids);
  ScratchFolder(ScratchFolder&& other) noexcept = default;
  ScratchFolder& operator=(ScratchFolder&& other) = delete;
  ~ScratchFolder();

  const std::string& path() const { return path_; }

 private:
  ScratchFolder(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  Fd lock_;  // held: somebody uses it. Moved from: not valid
};

}  // namespace clary::serving
