#include "services/authorizer.h"

#include "base/json.h"
#include "base/time_text.h"
#include "domain/permissions.h"
#include "services/job_rules.h"

namespace clary::services {
namespace {

using domain::Decision;

// The account of who has no key: of no principal.
constexpr const char* kNobody = "anonymous";

// Operations whose action has another name. Source: "Actions, resources, and condition keys for
// Amazon S3".
constexpr std::pair<std::string_view, std::string_view> kS3Actions[] = {
    {"CompleteMultipartUpload", "PutObject"},
    {"CreateMultipartUpload", "PutObject"},
    {"DeleteBucketCors", "PutBucketCORS"},
    {"DeleteBucketLifecycle", "PutLifecycleConfiguration"},
    {"DeleteBucketTagging", "PutBucketTagging"},
    {"DeletePublicAccessBlock", "PutBucketPublicAccessBlock"},
    {"GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"},
    {"GetBucketCors", "GetBucketCORS"},
    {"GetBucketEncryption", "GetEncryptionConfiguration"},
    {"GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"},
    {"GetBucketNotificationConfiguration", "GetBucketNotification"},
    {"GetBucketReplication", "GetReplicationConfiguration"},
    {"GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"},
    {"GetPublicAccessBlock", "GetBucketPublicAccessBlock"},
    {"HeadBucket", "ListBucket"},
    {"HeadObject", "GetObject"},
    {"ListBuckets", "ListAllMyBuckets"},
    {"ListObjects", "ListBucket"},
    {"ListObjectsV2", "ListBucket"},
    {"PutBucketCors", "PutBucketCORS"},
    {"PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"},
    {"PutPublicAccessBlock", "PutBucketPublicAccessBlock"},
    {"UploadPart", "PutObject"},
};

// Condition keys of S3's own and the members they stand for.
constexpr std::pair<const char*, const char*> kRequestFields[] = {
    {"s3:prefix", "Prefix"},
    {"s3:delimiter", "Delimiter"},
    {"s3:max-keys", "MaxKeys"},
    {"s3:x-amz-acl", "ACL"},
    {"s3:x-amz-server-side-encryption", "ServerSideEncryption"}};

std::string sagemaker_resource(const Document& request, const CallContext& context) {
  std::string arn = request.string_or("ResourceArn", "");
  if (!arn.empty()) return arn;
  for (const auto& [member, kind] :
       {std::pair{"TrainingJobName", domain::JobKind::kTraining},
        std::pair{"ProcessingJobName", domain::JobKind::kProcessing}}) {
    const std::string job = request.string_or(member, "");
    if (!job.empty()) return job_arn(kind, job, context).value();
  }
  return "*";
}

std::string logs_resource(const Document& request, const CallContext& context) {
  const std::string group = request.string_or("logGroupName", "");
  if (group.empty()) return request.string_or("logGroupIdentifier", "*");
  return "arn:aws:logs:" + context.region.value() + ':' + context.account.value() +
         ":log-group:" + group + ":log-stream:" + request.string_or("logStreamName", "");
}

std::string s3_resource(const Document& request) {
  const std::string bucket = request.string_or("Bucket", "");
  if (bucket.empty()) return "*";
  const std::string key = request.string_or("Key", "");
  return "arn:aws:s3:::" + bucket + (key.empty() ? "" : '/' + key);
}

std::string source_ip(std::string_view peer) {
  const std::size_t colon = peer.rfind(':');
  std::string_view address = peer.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::string(address);
}

ServiceError access_denied(const domain::PolicyQuestion& question, const CallContext& context,
                           const std::string& reason) {
  return ServiceError(denied("User: " + context.principal +
                             " is not authorized to perform: " + question.action +
                             " on resource: " + question.resource + " " + reason));
}

// A key's own policies do not allow what is asked.
ServiceError not_allowed(const domain::PolicyQuestion& question, const CallContext& context,
                         const domain::AccessKey& key, Decision decision) {
  const std::string kind = key.session_token.empty() ? "identity-based" : "session";
  if (decision == Decision::kExplicitDeny)
    return access_denied(question, context, "with an explicit deny in a " + kind + " policy");
  return access_denied(question, context,
                       "because no " + kind + " policy allows the " + question.action + " action");
}

bool is_about_policy(std::string_view action) {
  return action == "s3:PutBucketPolicy" || action == "s3:GetBucketPolicy" ||
         action == "s3:DeleteBucketPolicy";
}

// The role that a request makes SageMaker act as; "" for every other request.
std::string passed_role(const wire::Operation& operation, const Document& request) {
  const bool makes = operation.service->name == "sagemaker" && operation.name.starts_with("Create");
  return makes ? request.string_or("RoleArn", "") : "";
}

std::string iam_resource(const Document& request, const CallContext& context) {
  const std::string account = "arn:aws:iam::" + context.account.value();
  const std::string role = request.string_or("RoleName", "");
  if (!role.empty()) return account + ":role/" + role;
  const std::string user = request.string_or("UserName", "");
  if (!user.empty()) return account + ":user/" + user;
  return request.string_or("PolicySourceArn", "*");
}

}  // namespace

std::string policy_action(const wire::Operation& operation) {
  std::string_view name = operation.name;
  if (operation.service->name == "s3") {
    for (const auto& [from, to] : kS3Actions) {
      if (name == from) name = to;
    }
  }
  return std::string(operation.service->name) + ':' + std::string(name);
}

std::string policy_resource(const wire::Operation& operation, const Document& request,
                            const CallContext& context) {
  const std::string_view service = operation.service->name;
  if (service == "s3") return s3_resource(request);
  if (service == "sagemaker") return sagemaker_resource(request, context);
  if (service == "logs") return logs_resource(request, context);
  if (service == "iam") return iam_resource(request, context);
  if (service == "sts") return request.string_or("RoleArn", "*");
  return "*";
}

domain::PolicyFacts policy_facts(const Document& request, const CallContext& context) {
  domain::PolicyFacts facts{
      {"aws:currenttime", {iso8601(context.now)}},
      {"aws:epochtime", {std::to_string(to_epoch_milliseconds(context.now) / 1000)}},
      {"aws:principalaccount", {context.account.value()}},
      {"aws:principalarn", {context.principal}},
      {"aws:requestedregion", {context.region.value()}},
      {"aws:securetransport", {context.head->origin.secure ? "true" : "false"}},
      {"aws:sourceip", {source_ip(context.head->origin.peer)}},
      {"aws:useragent", {std::string(context.head->headers.get("user-agent"))}},
  };
  if (const std::string* referer = context.head->headers.find("referer"))
    facts["aws:referer"] = {*referer};
  for (const auto& [key, member] : kRequestFields) {
    const Document* value = request.find(member);
    if (value == nullptr || value->is_null()) continue;
    const std::string* text = value->as_string();
    facts[key] = {text != nullptr ? *text : to_json(*value)};
  }
  return facts;
}

std::optional<ServiceError> authorize(const domain::AccessKey& key,
                                      domain::IdentityStore& identities,
                                      const wire::Operation& operation, const Document& request,
                                      const CallContext& context, const domain::Policy* bucket) {
  const bool is_nobody = key.id.empty();
  // AWS answers GetCallerIdentity whatever a policy says.
  if (operation.name == "GetCallerIdentity") return std::nullopt;
  domain::Permissions permissions;
  if (!is_nobody) {
    Result<domain::Permissions> held = domain::Permissions::of_key(key, identities);
    if (!held.ok()) return ServiceError(held.error());
    permissions = std::move(*held);
  }
  const bool is_owner = permissions.unlimited();
  if (is_owner && bucket == nullptr) return std::nullopt;
  domain::PolicyQuestion question{.principal = context.principal,
                                  .account = is_nobody ? kNobody : context.account.value(),
                                  .action = policy_action(operation),
                                  .resource = policy_resource(operation, request, context),
                                  .facts = policy_facts(request, context)};
  const Decision by_key = permissions.evaluate(question);
  const Decision by_bucket =
      bucket == nullptr ? Decision::kImplicitDeny : bucket->evaluate(question);
  // Whoever owns the bucket can always mend a policy that locks everyone out.
  if (is_owner && is_about_policy(question.action)) return std::nullopt;
  if (by_bucket == Decision::kExplicitDeny)
    return access_denied(question, context, "with an explicit deny in a resource-based policy");
  const bool allowed = by_key == Decision::kAllowed ||
                       (by_key == Decision::kImplicitDeny && by_bucket == Decision::kAllowed);
  if (!allowed) {
    if (is_nobody) return ServiceError("AccessDenied", "Access Denied", 403);
    return not_allowed(question, context, key, by_key);
  }
  const std::string passed = is_owner ? "" : passed_role(operation, request);
  if (passed.empty()) return std::nullopt;
  question.action = "iam:PassRole";
  question.resource = passed;
  question.facts["iam:passedtoservice"] = {"sagemaker.amazonaws.com"};
  const Decision passing = permissions.evaluate(question);
  if (passing == Decision::kAllowed) return std::nullopt;
  return not_allowed(question, context, key, passing);
}

}  // namespace clary::services
