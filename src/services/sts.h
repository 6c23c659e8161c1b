// STS: who am I. Stateless; any thread.
#pragma once

#include "api/identity.h"
#include "services/router.h"

namespace clary::services {

// The role that exists without being made, and that a person's own key acts as.
inline constexpr std::string_view kDefaultRole = "SageMakerRole";

class Sts {
 public:
  void add_to(Router& router);

  // The SDK wants an assumed role: a person's key is `assumed-role/SageMakerRole/clary`.
  Outcome<api::GetCallerIdentity::Reply> get_caller_identity(
      const api::GetCallerIdentity::Request& request, const CallContext& context);
};

}  // namespace clary::services
