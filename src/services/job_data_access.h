// JobDataAccess: the policies of a job's role and of a bucket, asked for what the server shows the
// job without a call to S3. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/identity_store.h"
#include "domain/permissions.h"
#include "runtime/data_access.h"
#include "services/bucket_rules.h"

namespace clary::services {

class JobDataAccess final : public runtime::DataAccess {
 public:
  // All but the account and the endpoint outlive this.
  struct Parts {
    domain::IdentityStore& identities;
    BucketRules& buckets;
    const Clock& clock;
    AccountId account;
    std::string server_endpoint;  // where hosts call S3: "http://127.0.0.1:4580"
  };
  explicit JobDataAccess(Parts parts) : parts_(std::move(parts)) {}

  Result<runtime::Reading> reading(const runtime::DataReader& reader,
                                   const objects::ObjectUri& prefix) override;
  Status may_read(const runtime::DataReader& reader, const BucketName& bucket,
                  const std::vector<ObjectKey>& keys) override;
  // s3:PutObject of it. Denied.
  Status may_write(const runtime::DataReader& writer, const objects::ObjectUri& object);

 private:
  // What one question after another is put to.
  struct Asking {
    domain::Permissions permissions;
    std::shared_ptr<const domain::Policy> bucket;
    domain::PolicyQuestion question;
  };
  Result<Asking> asking(const runtime::DataReader& reader, const BucketName& bucket);

  Parts parts_;
};

}  // namespace clary::services
