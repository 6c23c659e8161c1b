// Listing with prefix and delimiter over any ordered set of keys: one page per call, common
// prefixes skipped by seeking. No state; one thread at a time per cursor.
#pragma once

#include <string>
#include <string_view>

#include "objects/object_store.h"

namespace clary::objects {

// The entries of one bucket in byte order of their keys. Versions and uploads share keys and have
// ids.
class KeyCursor {
 public:
  virtual ~KeyCursor() = default;
  // To the first key ≥ `key`; false when there is none.
  virtual Result<bool> seek(std::string_view key) = 0;
  virtual Result<bool> next() = 0;
  // Of the present key; the view is valid until the cursor moves.
  virtual std::string_view key() const = 0;
  // "" where a key is there once.
  virtual std::string id() const { return ""; }
  // Adds the present entry to the page.
  virtual void take() = 0;
};

// Cost: one seek, then one step per key and one seek per common prefix.
Result<PageEnd> collect_page(const ListRequest& request, KeyCursor& cursor);

// The smallest text greater than every text that begins with `prefix`; empty when there is none.
std::string after_prefix(std::string_view prefix);

}  // namespace clary::objects
