// Listing with prefix and delimiter over any ordered set of keys: one page per call, common
// prefixes skipped by seeking. No state; one thread at a time per cursor.
#pragma once

#include <string>
#include <string_view>

#include "objects/object_store.h"

namespace clary::objects {

// The keys of one bucket in byte order.
class KeyCursor {
 public:
  virtual ~KeyCursor() = default;
  // To the first key ≥ `key`; false when there is none.
  virtual Result<bool> seek(std::string_view key) = 0;
  virtual Result<bool> next() = 0;
  // Of the present key; the view is valid until the cursor moves.
  virtual std::string_view key() const = 0;
  virtual ObjectHead head() const = 0;
};

// Cost: one seek, then one step per key and one seek per common prefix.
Result<ListPage> collect_page(const ListRequest& request, KeyCursor& cursor);

// The smallest text greater than every text that begins with `prefix`; empty when there is none.
std::string after_prefix(std::string_view prefix);

}  // namespace clary::objects
