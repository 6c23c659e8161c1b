#include "wire/shape.h"

#include <algorithm>

namespace clary::wire {

const Operation* Service::find(std::string_view operation) const {
  const auto at = std::lower_bound(
      operations.begin(), operations.end(), operation,
      [](const Operation& row, std::string_view wanted) { return row.name < wanted; });
  return at != operations.end() && at->name == operation ? &*at : nullptr;
}

}  // namespace clary::wire
