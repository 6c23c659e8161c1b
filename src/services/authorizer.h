// Whether a caller may do what it asks: what a call needs, put to domain::Permissions.
//
// Pure but for the stores it reads; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "domain/identity_store.h"
#include "domain/key_store.h"
#include "domain/policy.h"
#include "services/bucket_rules.h"
#include "services/call_context.h"
#include "services/service_error.h"
#include "wire/shape.h"

namespace clary::services {

// An action that AWS checks, and the ARN of what it touches; "*" where AWS knows no finer one.
struct PolicyNeed {
  std::string action;  // "s3:ListBucket" for ListObjectsV2, "sagemaker:StopTrainingJob"
  std::string resource;
  std::string bucket;  // whose policy is asked too; "" where there is none
  // Of a batch, whose entries are refused one by one; absent: a refusal is the whole call's.
  std::optional<std::size_t> entry;
  std::string or_action{};  // allows it too; "" where nothing else does
};
// Everything that the call needs: a copy also reads its source, a batch removes each of its keys.
std::vector<PolicyNeed> policy_needs(const wire::Operation& operation, const Document& request,
                                     const CallContext& context);

// What a policy's conditions may ask about a call.
Result<domain::PolicyFacts> policy_facts(const Document& request, const CallContext& context,
                                         domain::IdentityStore& identities);

// The entries of a batch that the caller may not touch; an error: the call as a whole is refused.
// The root key may do everything that no statement of the bucket's policy denies, every other what
// its policies or the bucket's allow and none denies; nobody (a key without an id) what the
// bucket's policy allows. To a call that assumes a role its trust is what a bucket's policy is to
// others. A call that hands a role to the service needs iam:PassRole besides.
// buckets: null: no bucket has rules.
Outcome<RefusedEntries> authorize(const domain::AccessKey& key, domain::IdentityStore& identities,
                                  const wire::Operation& operation, const Document& request,
                                  const CallContext& context, BucketRules* buckets);

// Whether the caller may learn that an object is absent: only who may list the bucket that the call
// reads from. To everybody else it is as if it were there and not theirs.
Outcome<bool> may_know_absence(const domain::AccessKey& key, domain::IdentityStore& identities,
                               const wire::Operation& operation, const Document& request,
                               const CallContext& context, BucketRules* buckets);

}  // namespace clary::services
