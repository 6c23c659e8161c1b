// Whether SageMaker may act as the role that a job names. Pure but for the store.
#pragma once

#include <string>

#include "domain/identity_store.h"
#include "services/call_context.h"
#include "services/job_rules.h"

namespace clary::services {

// ValidationException, in AWS's words, when the role was made here and its trust does not let
// sagemaker.amazonaws.com assume it for a job of this ARN. A role that was never made is taken.
Complaint check_execution_role(domain::IdentityStore& identities, const std::string& role_arn,
                               const Arn& job, const CallContext& context);

}  // namespace clary::services
