// A fresh folder that is removed, with what is in it, when its owner goes: for tests and for work
// put aside. One owner; no state is shared.
#pragma once

#include <string>

namespace clary {

class TemporaryFolder {
 public:
  // Below $TMPDIR, else /tmp. Ends the process when it cannot be made.
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace clary
