// Whether a caller may do what it asks: the policy of its key and that of the bucket, evaluated.
// Pure; any thread. Source: "Policy evaluation logic", AWS IAM User Guide, within one account.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "domain/identity_store.h"
#include "domain/key_store.h"
#include "domain/policy.h"
#include "services/call_context.h"
#include "services/service_error.h"
#include "wire/shape.h"

namespace clary::services {

// An action that AWS checks, and the ARN of what it touches; "*" where AWS knows no finer one.
struct PolicyNeed {
  std::string action;  // "s3:ListBucket" for ListObjectsV2, "sagemaker:StopTrainingJob"
  std::string resource;
  std::string bucket;  // whose policy is asked too; "" where there is none
};
// Everything that the call needs: a copy also reads its source, a batch removes each of its keys.
std::vector<PolicyNeed> policy_needs(const wire::Operation& operation, const Document& request,
                                     const CallContext& context);

// The policy of a bucket; null where it has none, and for "".
using BucketPolicies =
    std::function<Outcome<std::shared_ptr<const domain::Policy>>(const std::string& bucket)>;

// What a policy's conditions may ask about a call.
domain::PolicyFacts policy_facts(const Document& request, const CallContext& context);

// Nothing: allowed. The root key may do everything that no statement of the bucket's policy
// denies, every other what its policies or the bucket's allow and none denies; nobody (a key
// without an id) what the bucket's policy allows. A call that hands a role to the service needs
// iam:PassRole besides.
std::optional<ServiceError> authorize(const domain::AccessKey& key,
                                      domain::IdentityStore& identities,
                                      const wire::Operation& operation, const Document& request,
                                      const CallContext& context,
                                      const BucketPolicies& bucket_policy);

}  // namespace clary::services
