// Replies that IAM's operations on roles and on users share, but for the names of their types.
#pragma once

#include <string>
#include <vector>

#include "api/iam_shapes.h"
#include "services/iam_identities.h"

namespace clary::services {

// Whose policies a request is about.
struct IamOwner {
  domain::IdentityKind kind = domain::IdentityKind::kRole;
  const std::string& name;
};

// Of ListAttached...Policies.
template <typename Reply, typename Request>
Outcome<Reply> attached_policies(IamIdentities& identities, const IamOwner& owner,
                                 const Request& request) {
  CLARY_TRY(const std::vector<domain::IdentityPolicy> all,
            identities.policies(owner.kind, owner.name, IamIdentities::PolicyForm::kManaged));
  CLARY_TRY(const IamPage page, iam_page(all.size(), request.marker, request.max_items));
  Reply reply;
  reply.is_truncated = page.marker.has_value();
  reply.marker = page.marker;
  reply.attached_policies.emplace();
  for (std::size_t at = page.begin; at < page.end; ++at)
    reply.attached_policies->push_back({all[at].name, all[at].arn});
  return reply;
}

// Of List...Policies: the names of the texts.
template <typename Reply, typename Request>
Outcome<Reply> policy_names(IamIdentities& identities, const IamOwner& owner,
                            const Request& request) {
  CLARY_TRY(const std::vector<domain::IdentityPolicy> all,
            identities.policies(owner.kind, owner.name, IamIdentities::PolicyForm::kText));
  CLARY_TRY(const IamPage page, iam_page(all.size(), request.marker, request.max_items));
  Reply reply;
  reply.is_truncated = page.marker.has_value();
  reply.marker = page.marker;
  for (std::size_t at = page.begin; at < page.end; ++at) reply.policy_names.push_back(all[at].name);
  return reply;
}

// The reply without members, or the refusal.
template <typename Reply>
Outcome<Reply> done_or(std::optional<ServiceError> refused) {
  if (refused) return *std::move(refused);
  return Reply{};
}

}  // namespace clary::services
