#include "base/temporary_folder.h"

#include <cstdlib>

#include "base/check.h"
#include "base/files.h"

namespace clary {

TemporaryFolder::TemporaryFolder() {
  const char* parent = std::getenv("TMPDIR");
  path_ = path_join(parent == nullptr ? "/tmp" : parent, "clary.XXXXXX");
  CLARY_CHECK(::mkdtemp(path_.data()) != nullptr);
}

TemporaryFolder::~TemporaryFolder() { static_cast<void>(remove_tree(path_)); }

}  // namespace clary
