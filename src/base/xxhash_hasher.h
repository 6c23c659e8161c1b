// Hashers of the XXH family with seed 0, by its own library. Source: github.com/Cyan4973/xxHash.
#pragma once

#include <memory>

#include "base/digest.h"

namespace clary {

// kind: kXxHash64, kXxHash3 or kXxHash128.
std::unique_ptr<Hasher> make_xxhasher(DigestKind kind);

}  // namespace clary
