// The managed policies that may be attached by their ARN, and the rights that need no attaching.
//
// Their texts are Clary's own, after AWS's: what they say about services that Clary does not have
// is left out. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace clary::domain {

// The role that exists without being made, and that a person's own key acts as.
inline constexpr std::string_view kDefaultRole = "SageMakerRole";

// JSON; nothing for an ARN that is not known.
std::optional<std::string_view> managed_policy(std::string_view arn);
std::vector<std::string_view> managed_policy_arns();

// What the default role may do, as itself; its jobs have default_job_policy().
inline constexpr std::string_view kDefaultRolePolicyArn =
    "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess";
std::string_view default_role_policy();

}  // namespace clary::domain
