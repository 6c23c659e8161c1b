// STS: who am I, and session credentials. Thread-safe. Everything passed outlives it.
#pragma once

#include "api/identity.h"
#include "base/id_source.h"
#include "domain/key_store.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

class Sts {
 public:
  Sts(domain::IdentityStore& identities, domain::KeyStore& keys, IdSource& ids)
      : store_(identities), identities_(identities), keys_(keys), ids_(ids) {}
  void add_to(Router& router);

  // The SDK wants an assumed role: a person's own key is `assumed-role/SageMakerRole/clary`.
  Outcome<api::GetCallerIdentity::Reply> get_caller_identity(
      const api::GetCallerIdentity::Request& request, const CallContext& context);
  // AccessDenied unless the role is there and trusts the caller.
  Outcome<api::AssumeRole::Reply> assume_role(const api::AssumeRole::Request& request,
                                              const CallContext& context);
  // AccessDenied to whoever holds session credentials already.
  Outcome<api::GetSessionToken::Reply> get_session_token(
      const api::GetSessionToken::Request& request, const CallContext& context);

 private:
  Outcome<api::Credentials> issue(domain::AccessKey key, const CallContext& context);

  domain::IdentityStore& store_;
  IamIdentities identities_;
  domain::KeyStore& keys_;
  IdSource& ids_;
};

}  // namespace clary::services
