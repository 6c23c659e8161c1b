#include "services/sts.h"

namespace clary::services {
namespace {

// AWS's user id of a session: the role's id, a colon, the session's name.
constexpr std::string_view kRoleId = "AROACLARYDEFAULTROLE0";

}  // namespace

Outcome<api::GetCallerIdentity::Reply> Sts::get_caller_identity(
    const api::GetCallerIdentity::Request&, const CallContext& context) {
  std::string arn = context.principal;
  if (!arn.starts_with("arn:")) {
    arn = "arn:aws:sts::" + context.account.value() + ":assumed-role/" + std::string(kDefaultRole) +
          "/clary";
  }
  const std::string session = arn.substr(arn.rfind('/') + 1);
  return api::GetCallerIdentity::Reply{.user_id = std::string(kRoleId) + ':' + session,
                                       .account = context.account.value(),
                                       .arn = arn};
}

void Sts::add_to(Router& router) {
  router.add<api::GetCallerIdentity>(*this, &Sts::get_caller_identity);
}

}  // namespace clary::services
