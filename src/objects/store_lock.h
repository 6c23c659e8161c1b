// The lock of a DirectoryStore's folder: one process at a time.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace clary::objects {

// Held while the descriptor is open. Conflict: another process has the store open.
Result<Fd> lock_store(const std::string& root);

}  // namespace clary::objects
