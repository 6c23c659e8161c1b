// Whether a caller may do what it asks: the policy of its key and that of the bucket, evaluated.
// Pure; any thread. Source: "Policy evaluation logic", AWS IAM User Guide, within one account.
#pragma once

#include <optional>
#include <string>

#include "base/document.h"
#include "domain/identity_store.h"
#include "domain/key_store.h"
#include "domain/policy.h"
#include "services/call_context.h"
#include "services/service_error.h"
#include "wire/shape.h"

namespace clary::services {

// "s3:ListBucket" for ListObjectsV2, "sagemaker:StopTrainingJob": the action that AWS checks for an
// operation.
std::string policy_action(const wire::Operation& operation);

// The ARN of what the operation touches, or "*" where AWS knows no finer one.
std::string policy_resource(const wire::Operation& operation, const Document& request,
                            const CallContext& context);

// What a policy's conditions may ask about a call.
domain::PolicyFacts policy_facts(const Document& request, const CallContext& context);

// Nothing: allowed. The root key may do everything that no statement of the bucket's policy
// denies, every other what its policies or the bucket's allow and none denies; nobody (a key
// without an id) what the bucket's policy allows. bucket: the policy of the bucket that is asked
// for, or null. A call that hands a role to the service needs iam:PassRole besides.
std::optional<ServiceError> authorize(const domain::AccessKey& key,
                                      domain::IdentityStore& identities,
                                      const wire::Operation& operation, const Document& request,
                                      const CallContext& context, const domain::Policy* bucket);

}  // namespace clary::services
