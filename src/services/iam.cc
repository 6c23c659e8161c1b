#include "services/iam.h"

#include "base/text_encoding.h"
#include "services/sts.h"

namespace clary::services {
namespace {

constexpr std::string_view kRoleId = "AROACLARYDEFAULTROLE0";
constexpr int kSessionSeconds = 3600;
// 2024-01-01: the role has no true date of birth.
constexpr TimePoint kCreated{std::chrono::seconds(1'704'067'200)};
// SDK v3 refuses a role that SageMaker may not assume.
constexpr std::string_view kTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

}  // namespace

Outcome<api::GetRole::Reply> Iam::get_role(const api::GetRole::Request& request,
                                           const CallContext& context) {
  if (request.role_name != kDefaultRole) {
    return ServiceError("NoSuchEntity",
                        "The role with name " + request.role_name + " cannot be found.", 404);
  }
  api::GetRole::Reply reply;
  reply.role.path = "/";
  reply.role.role_name = request.role_name;
  reply.role.role_id = std::string(kRoleId);
  reply.role.arn = "arn:aws:iam::" + context.account.value() + ":role/" + request.role_name;
  reply.role.create_date = kCreated;
  reply.role.assume_role_policy_document = percent_encode(kTrust);
  reply.role.description = "Made by Clary: what jobs and people act as.";
  reply.role.max_session_duration = kSessionSeconds;
  return reply;
}

void Iam::add_to(Router& router) { router.add<api::GetRole>(*this, &Iam::get_role); }

}  // namespace clary::services
