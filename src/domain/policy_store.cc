#include "domain/policy_store.h"

#include <algorithm>

#include "base/check.h"

namespace clary::domain {

const PolicyVersion& ManagedPolicy::version(int number) const {
  const auto found = std::ranges::find(versions, number, &PolicyVersion::number);
  CLARY_CHECK(found != versions.end());
  return *found;
}

}  // namespace clary::domain
