// The operations on the policies that roles hold, and users: the same but for their names.
#pragma once

#include <utility>
#include <vector>

#include "base/text_encoding.h"
#include "domain/policy_store.h"
#include "services/iam_identities.h"
#include "services/iam_policies.h"
#include "services/iam_replies.h"
#include "services/router.h"

namespace clary::services {

// Names: the kind of the holders, name_of(a request or reply), which says who is meant, and the
// operations.
template <typename Names>
class IamHeldPolicies {
 public:
  // Everything passed outlives this.
  IamHeldPolicies(domain::IdentityStore& store, domain::PolicyStore& policies)
      : identities_(store), policies_(policies) {}

  void add_to(Router& router) {
    router.add<typename Names::Attach>(*this, &IamHeldPolicies::attach);
    router.add<typename Names::Detach>(*this, &IamHeldPolicies::detach);
    router.add<typename Names::ListAttached>(*this, &IamHeldPolicies::list_attached);
    router.add<typename Names::Put>(*this, &IamHeldPolicies::put);
    router.add<typename Names::Get>(*this, &IamHeldPolicies::get);
    router.add<typename Names::Delete>(*this, &IamHeldPolicies::remove);
    router.add<typename Names::List>(*this, &IamHeldPolicies::list);
  }

 private:
  template <typename Operation>
  using Reply = Outcome<typename Operation::Reply>;
  using Form = IamIdentities::PolicyForm;

  Reply<typename Names::Attach> attach(const typename Names::Attach::Request& request,
                                       const CallContext&) {
    if (auto refused = check_managed(policies_, request.policy_arn)) return *refused;
    return done_or<typename Names::Attach::Reply>(
        identities_.attach(Names::kKind, Names::name_of(request), request.policy_arn));
  }

  Reply<typename Names::Detach> detach(const typename Names::Detach::Request& request,
                                       const CallContext&) {
    return done_or<typename Names::Detach::Reply>(
        identities_.take(Names::kKind, Names::name_of(request), request.policy_arn));
  }

  Reply<typename Names::ListAttached> list_attached(
      const typename Names::ListAttached::Request& request, const CallContext&) {
    typename Names::ListAttached::Reply reply;
    CLARY_TRY(const auto shown, page(Form::kManaged, request, reply));
    reply.attached_policies.emplace();
    for (const domain::IdentityPolicy& policy : shown)
      reply.attached_policies->push_back({policy.name, policy.arn});
    return reply;
  }

  Reply<typename Names::Put> put(const typename Names::Put::Request& request, const CallContext&) {
    return done_or<typename Names::Put::Reply>(identities_.put(
        Names::kKind, Names::name_of(request),
        {.name = request.policy_name, .arn = "", .document = request.policy_document}));
  }

  Reply<typename Names::Get> get(const typename Names::Get::Request& request, const CallContext&) {
    CLARY_TRY(const domain::IdentityPolicy policy,
              identities_.policy(Names::kKind, Names::name_of(request), request.policy_name));
    typename Names::Get::Reply reply;
    Names::name_of(reply) = Names::name_of(request);
    reply.policy_name = policy.name;
    reply.policy_document = percent_encode(policy.document);
    return reply;
  }

  Reply<typename Names::Delete> remove(const typename Names::Delete::Request& request,
                                       const CallContext&) {
    return done_or<typename Names::Delete::Reply>(
        identities_.take(Names::kKind, Names::name_of(request), request.policy_name));
  }

  Reply<typename Names::List> list(const typename Names::List::Request& request,
                                   const CallContext&) {
    typename Names::List::Reply reply;
    CLARY_TRY(const auto shown, page(Form::kText, request, reply));
    for (const domain::IdentityPolicy& policy : shown) reply.policy_names.push_back(policy.name);
    return reply;
  }

  template <typename Request, typename To>
  Outcome<std::vector<domain::IdentityPolicy>> page(Form form, const Request& request, To& reply) {
    CLARY_TRY(std::vector<domain::IdentityPolicy> all,
              identities_.policies(Names::kKind, Names::name_of(request), form));
    return iam_page(std::move(all), request, reply);
  }

  IamIdentities identities_;
  domain::PolicyStore& policies_;
};

}  // namespace clary::services
