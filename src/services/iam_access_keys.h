// The lasting keys of IAM's users. Thread-safe. Everything passed outlives it.
#pragma once

#include "api/access_keys.h"
#include "base/id_source.h"
#include "domain/key_store.h"
#include "services/iam_identities.h"
#include "services/router.h"

namespace clary::services {

class IamAccessKeys {
 public:
  IamAccessKeys(domain::IdentityStore& store, domain::KeyStore& keys, IdSource& ids)
      : identities_(store), keys_(keys), ids_(ids) {}
  void add_to(Router& router);

  Outcome<api::CreateAccessKey::Reply> create(const api::CreateAccessKey::Request& request,
                                              const CallContext& context);
  Outcome<api::DeleteAccessKey::Reply> remove(const api::DeleteAccessKey::Request& request,
                                              const CallContext& context);
  Outcome<api::ListAccessKeys::Reply> list(const api::ListAccessKeys::Request& request,
                                           const CallContext& context);
  Outcome<api::UpdateAccessKey::Reply> update(const api::UpdateAccessKey::Request& request,
                                              const CallContext& context);

 private:
  Outcome<domain::Identity> user(const std::optional<std::string>& name,
                                 const CallContext& context);
  // NoSuchEntity unless the user holds it.
  Outcome<domain::AccessKey> key_of(const std::optional<std::string>& user_name,
                                    const std::string& id, const CallContext& context);

  IamIdentities identities_;
  domain::KeyStore& keys_;
  IdSource& ids_;
};

}  // namespace clary::services
