// The lock of a DirectoryStore's folder: one process that writes at a time.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace clary::objects {

enum class StoreUse {
  kOwn,       // alone
  kLookOver,  // beside others that look, while no process owns it
};

// Held while the descriptor is open. Conflict: another process has the store open.
Result<Fd> lock_store(const std::string& root, StoreUse use);

}  // namespace clary::objects
