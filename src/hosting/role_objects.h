// RoleObjects: objects of S3 as the role of a model may read and write them.
//
// Implementations: services::StoredRoleObjects, FakeRoleObjects. Thread-safe; calls may block on a
// disk or a network.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "objects/object_store.h"

namespace clary::hosting {

struct RoleObject {
  std::string role;  // its ARN
  objects::ObjectUri place;
};
struct RoleBytes {
  std::string content_type;
  std::string body;
};

class RoleObjects {
 public:
  virtual ~RoleObjects() = default;
  // Denied: with AWS's reason; NotFound: no such bucket.
  virtual Status write(const RoleObject& object, RoleBytes bytes) = 0;
  // Denied; NotFound; LimitExceeded: larger than limit_bytes.
  virtual Result<RoleBytes> read(const RoleObject& object, std::uint64_t limit_bytes) = 0;
};

}  // namespace clary::hosting
