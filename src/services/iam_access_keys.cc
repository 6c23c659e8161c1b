#include "services/iam_access_keys.h"

#include "domain/fresh_key.h"
#include "services/iam_replies.h"
#include "services/iam_users.h"

namespace clary::services {
namespace {

constexpr std::size_t kMostKeys = 2;  // AWS's quota

std::string status_of(const domain::AccessKey& key) { return key.active ? "Active" : "Inactive"; }

}  // namespace

Outcome<domain::Identity> IamAccessKeys::user(const std::optional<std::string>& name,
                                              const CallContext& context) {
  CLARY_TRY(const std::string named, user_named(name, context));
  return identities_.find(domain::IdentityKind::kUser, named);
}

Outcome<domain::AccessKey> IamAccessKeys::key_of(const std::optional<std::string>& user_name,
                                                 const std::string& id,
                                                 const CallContext& context) {
  CLARY_TRY(const domain::Identity owner, user(user_name, context));
  CLARY_TRY(const std::vector<domain::AccessKey> held,
            keys_.of_principal(identity_arn(owner, context.account)));
  for (const domain::AccessKey& key : held) {
    if (key.id.value() == id) return key;
  }
  return ServiceError("NoSuchEntity", "The Access Key with id " + id + " cannot be found.", 404);
}

Outcome<api::CreateAccessKey::Reply> IamAccessKeys::create(
    const api::CreateAccessKey::Request& request, const CallContext& context) {
  CLARY_TRY(const domain::Identity owner, user(request.user_name, context));
  domain::AccessKey key = domain::fresh_access_key(ids_);
  key.principal = identity_arn(owner, context.account);
  key.created = context.now;
  CLARY_TRY(const std::vector<domain::AccessKey> held, keys_.of_principal(key.principal));
  if (held.size() >= kMostKeys) {
    return ServiceError("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409);
  }
  CLARY_RETURN_IF_ERROR(keys_.put(key));
  return api::CreateAccessKey::Reply{.access_key = {.user_name = owner.name,
                                                    .access_key_id = key.id.value(),
                                                    .status = status_of(key),
                                                    .secret_access_key = key.secret.reveal(),
                                                    .create_date = key.created}};
}

Outcome<api::DeleteAccessKey::Reply> IamAccessKeys::remove(
    const api::DeleteAccessKey::Request& request, const CallContext& context) {
  CLARY_TRY(const domain::AccessKey key, key_of(request.user_name, request.access_key_id, context));
  CLARY_RETURN_IF_ERROR(keys_.remove(key.id));
  return api::DeleteAccessKey::Reply{};
}

Outcome<api::ListAccessKeys::Reply> IamAccessKeys::list(const api::ListAccessKeys::Request& request,
                                                        const CallContext& context) {
  CLARY_TRY(const domain::Identity owner, user(request.user_name, context));
  CLARY_TRY(std::vector<domain::AccessKey> all,
            keys_.of_principal(identity_arn(owner, context.account)));
  api::ListAccessKeys::Reply reply;
  CLARY_TRY(const auto shown, iam_page(std::move(all), request, reply));
  for (const domain::AccessKey& key : shown) {
    reply.access_key_metadata.push_back({.user_name = owner.name,
                                         .access_key_id = key.id.value(),
                                         .status = status_of(key),
                                         .create_date = key.created});
  }
  return reply;
}

Outcome<api::UpdateAccessKey::Reply> IamAccessKeys::update(
    const api::UpdateAccessKey::Request& request, const CallContext& context) {
  if (request.status != "Active" && request.status != "Inactive") {
    return ServiceError("ValidationError",
                        "Clary switches keys to Active or Inactive, not to " + request.status + ".",
                        400);
  }
  CLARY_TRY(domain::AccessKey key, key_of(request.user_name, request.access_key_id, context));
  key.active = request.status == "Active";
  CLARY_RETURN_IF_ERROR(keys_.put(key));
  return api::UpdateAccessKey::Reply{};
}

void IamAccessKeys::add_to(Router& router) {
  router.add<api::CreateAccessKey>(*this, &IamAccessKeys::create);
  router.add<api::DeleteAccessKey>(*this, &IamAccessKeys::remove);
  router.add<api::ListAccessKeys>(*this, &IamAccessKeys::list);
  router.add<api::UpdateAccessKey>(*this, &IamAccessKeys::update);
}

}  // namespace clary::services
