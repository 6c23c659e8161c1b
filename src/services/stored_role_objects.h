// StoredRoleObjects: the server's own store, asked as the session of a role would ask S3.
// Thread-safe.
#pragma once

#include <cstdint>

#include "base/names.h"
#include "hosting/role_objects.h"
#include "objects/object_store.h"
#include "services/job_data_access.h"

namespace clary::services {

class StoredRoleObjects final : public hosting::RoleObjects {
 public:
  struct Parts {  // the references outlive it
    JobDataAccess& access;
    objects::ObjectStore& objects;
    AccountId account;
    Region region;
  };
  explicit StoredRoleObjects(Parts parts) : parts_(std::move(parts)) {}

  Status write(const hosting::RoleObject& object, hosting::RoleBytes bytes) override;
  Result<hosting::RoleBytes> read(const hosting::RoleObject& object,
                                  std::uint64_t limit_bytes) override;

 private:
  runtime::DataReader session_of(const std::string& role) const;

  Parts parts_;
};

}  // namespace clary::services
