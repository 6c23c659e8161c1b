#include "services/authorizer.h"

#include "base/json.h"
#include "domain/permissions.h"
#include "services/ecr.h"
#include "services/job_rules.h"
#include "services/log_group_name.h"
#include "services/s3_copies.h"
#include "services/scaling_resources.h"
#include "services/serving_resources.h"

namespace clary::services {
namespace {

// The account of who has no key: of no principal.
constexpr const char* kNobody = "anonymous";

// Operations whose action has another name. Source: "Actions, resources, and condition keys for
// Amazon S3".
constexpr std::pair<std::string_view, std::string_view> kS3Actions[] = {
    {"CompleteMultipartUpload", "PutObject"},
    {"CopyObject", "PutObject"},
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
    {"ListMultipartUploads", "ListBucketMultipartUploads"},
    {"ListObjects", "ListBucket"},
    {"ListObjectsV2", "ListBucket"},
    {"ListObjectVersions", "ListBucketVersions"},
    {"ListParts", "ListMultipartUploadParts"},
    {"PutBucketCors", "PutBucketCORS"},
    {"PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"},
    {"PutPublicAccessBlock", "PutBucketPublicAccessBlock"},
    {"UploadPart", "PutObject"},
    {"UploadPartCopy", "PutObject"},
};
// Actions that have another name when a version is named.
constexpr std::pair<std::string_view, std::string_view> kVersionActions[] = {
    {"DeleteObject", "DeleteObjectVersion"},
    {"DeleteObjectTagging", "DeleteObjectVersionTagging"},
    {"GetObject", "GetObjectVersion"},
    {"GetObjectAttributes", "GetObjectVersionAttributes"},
    {"GetObjectTagging", "GetObjectVersionTagging"},
    {"PutObjectTagging", "PutObjectVersionTagging"},
};

// Condition keys of a service's own and the members they stand for.
constexpr std::pair<const char*, const char*> kRequestFields[] = {
    {"s3:prefix", "Prefix"},
    {"s3:delimiter", "Delimiter"},
    {"s3:max-keys", "MaxKeys"},
    {"s3:x-amz-acl", "ACL"},
    {"s3:x-amz-server-side-encryption", "ServerSideEncryption"},
    {"sagemaker:targetmodel", "TargetModel"},
    {"sts:externalid", "ExternalId"}};

// Resources are found by the end of an ARN: so the question is about the one that is found.
std::string found_by(const std::string& arn, const CallContext& context) {
  if (const auto job = key_of(arn)) return job_arn(job->kind, job->name.value(), context).value();
  if (const auto serving = serving_name_of(arn))
    return serving_arn(serving->kind, serving->name, context).value();
  return arn;
}

std::string sagemaker_resource(const Document& request, const CallContext& context) {
  const std::string arn = request.string_or("ResourceArn", "");
  if (!arn.empty()) return found_by(arn, context);
  for (const auto& [member, kind] : {std::pair{"TrainingJobName", domain::JobKind::kTraining},
                                     std::pair{"ProcessingJobName", domain::JobKind::kProcessing},
                                     std::pair{"TransformJobName", domain::JobKind::kTransform}}) {
    const std::string job = request.string_or(member, "");
    if (!job.empty()) return job_arn(kind, job, context).value();
  }
  for (const auto& [member, kind] : {std::pair{"EndpointName", ServingKind::kEndpoint},
                                     std::pair{"EndpointConfigName", ServingKind::kConfig},
                                     std::pair{"ModelName", ServingKind::kModel}}) {
    const std::string name = request.string_or(member, "");
    if (!name.empty()) return serving_arn(kind, name, context).value();
  }
  return "*";
}

// An endpoint that is made of a configuration, or anew, needs the action on both.
// Source: "Actions, resources, and condition keys for Amazon SageMaker".
std::vector<PolicyNeed> sagemaker_needs(const wire::Operation& operation, const Document& request,
                                        const CallContext& context) {
  const std::string action = "sagemaker:" + std::string(operation.name);
  std::vector<PolicyNeed> out = {{action, sagemaker_resource(request, context), ""}};
  const std::string config = request.string_or("EndpointConfigName", "");
  if (!request.string_or("EndpointName", "").empty() && !config.empty())
    out.push_back({action, serving_arn(ServingKind::kConfig, config, context).value(), ""});
  return out;
}

std::string logs_resource(const Document& request, const CallContext& context) {
  // A call by ARN is about tags, and about the group itself, whether or not `:*` follows its name.
  if (std::string arn = request.string_or("resourceArn", ""); !arn.empty()) {
    const LogGroupPlace place = log_group_at(arn, context);
    return place.group.value() == arn ? arn : place.arn();
  }
  LogGroupPlace place{context.region, context.account,
                      LogGroup(request.string_or("logGroupName", ""))};
  if (place.group.empty())
    place = log_group_at(request.string_or("logGroupIdentifier", ""), context);
  return place.arn() + ":log-stream:" + request.string_or("logStreamName", "");
}

std::vector<PolicyNeed> logs_needs(const wire::Operation& operation, const Document& request,
                                   const CallContext& context) {
  std::vector<PolicyNeed> out = {
      {"logs:" + std::string(operation.name), logs_resource(request, context), ""}};
  const Document* tags = request.find("tags");
  if (operation.name == "CreateLogGroup" && tags != nullptr && !tags->is_null()) {
    // Source: API reference of CreateLogGroup, `tags`.
    const LogGroupPlace place{context.region, context.account,
                              LogGroup(request.string_or("logGroupName", ""))};
    out.push_back({.action = "logs:TagResource",
                   .resource = place.arn(),
                   .bucket = "",
                   .entry = std::nullopt,
                   .or_action = "logs:TagLogGroup"});
  }
  return out;
}

std::string s3_resource(const Document& request) {
  const std::string bucket = request.string_or("Bucket", "");
  if (bucket.empty()) return "*";
  const std::string key = request.string_or("Key", "");
  return "arn:aws:s3:::" + bucket + (key.empty() ? "" : '/' + key);
}

std::string s3_action(std::string_view name, bool of_version) {
  for (const auto& [from, to] : kS3Actions) {
    if (name == from) name = to;
  }
  for (const auto& [from, to] : kVersionActions) {
    if (of_version && name == from) name = to;
  }
  return "s3:" + std::string(name);
}

bool names_version(const Document& request) { return !request.string_or("VersionId", "").empty(); }

// What an S3 operation needs besides its own action: the source of a copy, tags that it sets.
std::vector<PolicyNeed> further_s3_needs(std::string_view operation, const Document& request) {
  std::vector<PolicyNeed> out;
  if (const std::string field = request.string_or("CopySource", ""); !field.empty()) {
    Outcome<CopySource> source = read_copy_source(field);
    // One that cannot be read is refused by the operation.
    if (source.ok()) {
      out.push_back({s3_action("GetObject", !source->version.empty()),
                     "arn:aws:s3:::" + source->bucket + '/' + source->key, source->bucket});
    }
  }
  const bool sets_tags = !request.string_or("Tagging", "").empty();
  const std::string bucket = request.string_or("Bucket", "");
  if (sets_tags) out.push_back({"s3:PutObjectTagging", s3_resource(request), bucket});
  if (operation == "GetObjectAttributes")
    out.push_back({s3_action("GetObject", names_version(request)), s3_resource(request), bucket});
  return out;
}

// One for each key of a DeleteObjects.
std::vector<PolicyNeed> removal_needs(const Document& request) {
  std::vector<PolicyNeed> out;
  const Document* batch = request.find("Delete");
  const Document* objects = batch == nullptr ? nullptr : batch->find("Objects");
  const Document::Array* keys = objects == nullptr ? nullptr : objects->as_array();
  const std::string bucket = request.string_or("Bucket", "");
  // A batch without a key is refused by the operation, but not to everyone.
  if (keys == nullptr || keys->empty())
    return {{"s3:DeleteObject", s3_resource(request) + "/*", bucket}};
  for (const Document& object : *keys) {
    out.push_back({s3_action("DeleteObject", names_version(object)),
                   s3_resource(request) + '/' + object.string_or("Key", ""), bucket, out.size()});
  }
  return out;
}

// Of each repository that is named; of all where a call is about repositories and names none.
std::vector<PolicyNeed> ecr_needs(const wire::Operation& operation, const Document& request,
                                  const CallContext& context) {
  const std::string action = "ecr:" + std::string(operation.name);
  if (operation.name == "GetAuthorizationToken") return {{action, "*", ""}};
  std::vector<PolicyNeed> out;
  const Document* names = request.find("repositoryNames");
  if (names != nullptr && names->is_array()) {
    for (const Document& name : *names->as_array()) {
      if (name.as_string() != nullptr)
        out.push_back({action, repository_arn(*name.as_string(), context), ""});
    }
  }
  if (out.empty())
    out.push_back({action, repository_arn(request.string_or("repositoryName", "*"), context), ""});
  return out;
}

std::string source_ip(std::string_view peer) {
  const std::size_t colon = peer.rfind(':');
  std::string_view address = peer.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return std::string(address);
}

// The role that a request makes SageMaker act as; "" for every other request.
std::string passed_role(const wire::Operation& operation, const Document& request) {
  const bool makes = operation.service->name == "sagemaker" && operation.name.starts_with("Create");
  if (!makes) return "";
  return request.string_or("RoleArn", request.string_or("ExecutionRoleArn", ""));
}

std::string iam_resource(const Document& request, const CallContext& context) {
  const std::string account = "arn:aws:iam::" + context.account.value();
  const std::string role = request.string_or("RoleName", "");
  if (!role.empty()) return account + ":role/" + role;
  const std::string user = request.string_or("UserName", "");
  if (!user.empty()) return account + ":user/" + user;
  const std::string policy = request.string_or("PolicyArn", "");
  if (!policy.empty()) return policy;
  const std::string made = request.string_or("PolicyName", "");
  if (!made.empty()) return account + ":policy" + request.string_or("Path", "/") + made;
  return request.string_or("PolicySourceArn", "*");
}

// What is described is not asked about one by one.
// Source: "Actions, resources, and condition keys for Application Auto Scaling".
std::string scaling_resource(const wire::Operation& operation, const Document& request,
                             const CallContext& context) {
  if (operation.name.starts_with("Describe")) return "*";
  return scalable_target_arn(request.string_or("ResourceId", ""), context);
}

std::string policy_resource(const wire::Operation& operation, const Document& request,
                            const CallContext& context) {
  const std::string_view service = operation.service->name;
  if (service == "iam") return iam_resource(request, context);
  if (service == "application-autoscaling") return scaling_resource(operation, request, context);
  if (service == "sts") return request.string_or("RoleArn", "*");
  return "*";
}

// Who a role trusts: its policy as a resource. Null where there is no such role.
Result<std::shared_ptr<const domain::Policy>> trust_of(const std::string& role_arn,
                                                       domain::IdentityStore& identities) {
  std::shared_ptr<const domain::Policy> none;
  const std::optional<domain::PrincipalName> named = domain::principal_name(role_arn);
  if (!named) return none;
  const Result<domain::Identity> role = identities.find(named->kind, named->name);
  if (!role.ok() && role.error().code == ErrorCode::kNotFound) return none;
  if (!role.ok()) return role.error();
  if (role->trust.empty()) return none;
  CLARY_TRY(domain::Policy trust, domain::Policy::parse(role->trust));
  return std::make_shared<const domain::Policy>(std::move(trust));
}

}  // namespace

std::vector<PolicyNeed> policy_needs(const wire::Operation& operation, const Document& request,
                                     const CallContext& context) {
  const std::string_view service = operation.service->name;
  if (service == "ecr") return ecr_needs(operation, request, context);
  if (service == "logs") return logs_needs(operation, request, context);
  if (service == "sagemaker" || service == "sagemaker-runtime")
    return sagemaker_needs(operation, request, context);
  if (service != "s3") {
    return {{std::string(service) + ':' + std::string(operation.name),
             policy_resource(operation, request, context), ""}};
  }
  if (operation.name == "DeleteObjects") return removal_needs(request);
  std::vector<PolicyNeed> out = {{s3_action(operation.name, names_version(request)),
                                  s3_resource(request), request.string_or("Bucket", "")}};
  for (PolicyNeed& need : further_s3_needs(operation.name, request)) out.push_back(std::move(need));
  return out;
}

Result<domain::PolicyFacts> policy_facts(const Document& request, const CallContext& context,
                                         domain::IdentityStore& identities) {
  const std::string& account = context.account.value();
  CLARY_TRY(const std::string asker, domain::principal_arn(context.principal, account, identities));
  domain::PolicyFacts facts = domain::asker_facts(asker, account, context.now);
  facts["aws:requestedregion"] = {context.region.value()};
  facts["aws:securetransport"] = {context.head->origin.secure ? "true" : "false"};
  facts["aws:sourceip"] = {source_ip(context.head->origin.peer)};
  facts["aws:useragent"] = {std::string(context.head->headers.get("user-agent"))};
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

Outcome<RefusedEntries> authorize(const domain::AccessKey& key, domain::IdentityStore& identities,
                                  const wire::Operation& operation, const Document& request,
                                  const CallContext& context, BucketRules* buckets) {
  RefusedEntries entries;
  // AWS answers these whatever a policy says. Source: "Permissions for GetSessionToken", and the
  // API reference of GetCallerIdentity.
  if (operation.name == "GetCallerIdentity" || operation.name == "GetSessionToken") return entries;
  const bool is_nobody = key.id.empty();
  CLARY_TRY(const bool outlived, domain::outlived_its_identity(key, identities));
  if (outlived) {
    return ServiceError(denied("User: " + context.principal +
                               " is not authorized: who the session was made for was removed, and "
                               "another has the name now"));
  }
  domain::Permissions permissions = domain::Permissions::of_nobody();
  if (!is_nobody) {
    CLARY_TRY(permissions, domain::Permissions::of_key(key, identities, context.account.value()));
  }
  domain::PolicyQuestion question{.principal = context.principal,
                                  .account = is_nobody ? kNobody : context.account.value()};
  const auto ask = [&](std::string action, std::string resource) -> Status {
    question.action = std::move(action);
    question.resource = std::move(resource);
    if (!question.facts.empty()) return {};
    CLARY_TRY(question.facts, policy_facts(request, context, identities));
    return {};
  };
  for (PolicyNeed& need : policy_needs(operation, request, context)) {
    // A policy that cannot be read can still be replaced.
    if (permissions.is_beyond_policies(need.action)) continue;
    std::shared_ptr<const domain::Policy> resource;
    if (buckets != nullptr && !need.bucket.empty()) {
      CLARY_TRY(resource, buckets->policy_for(permissions, BucketName(need.bucket)));
    } else if (need.action == "sts:AssumeRole") {
      CLARY_TRY(resource, trust_of(need.resource, identities));
    }
    if (permissions.unlimited() && resource == nullptr) continue;
    CLARY_RETURN_IF_ERROR(ask(std::move(need.action), std::move(need.resource)));
    std::optional<std::string> refused = permissions.refusal(question, resource.get());
    if (refused && !need.or_action.empty()) {
      question.action = need.or_action;
      if (!permissions.refusal(question, resource.get())) continue;
    }
    if (!refused) continue;
    if (!need.entry) return ServiceError(denied(std::move(*refused)));
    entries.emplace(*need.entry, std::move(*refused));
  }
  const std::string passed = permissions.unlimited() ? "" : passed_role(operation, request);
  if (passed.empty()) return entries;
  CLARY_RETURN_IF_ERROR(ask("iam:PassRole", passed));
  question.facts["iam:passedtoservice"] = {"sagemaker.amazonaws.com"};
  if (auto refused = permissions.refusal(question, nullptr))
    return ServiceError(denied(std::move(*refused)));
  return entries;
}

// Source: API reference of GetObject, "Permissions".
Outcome<bool> may_know_absence(const domain::AccessKey& key, domain::IdentityStore& identities,
                               const wire::Operation& operation, const Document& request,
                               const CallContext& context, BucketRules* buckets) {
  const bool is_nobody = key.id.empty();
  domain::Permissions permissions = domain::Permissions::of_nobody();
  if (!is_nobody) {
    CLARY_TRY(permissions, domain::Permissions::of_key(key, identities, context.account.value()));
  }
  for (const PolicyNeed& need : policy_needs(operation, request, context)) {
    if (need.action != "s3:GetObject" && need.action != "s3:GetObjectVersion") continue;
    std::shared_ptr<const domain::Policy> resource;
    if (buckets != nullptr) {
      CLARY_TRY(resource, buckets->policy_for(permissions, BucketName(need.bucket)));
    }
    if (permissions.unlimited() && resource == nullptr) continue;
    CLARY_TRY(domain::PolicyFacts facts, policy_facts(request, context, identities));
    const domain::PolicyQuestion question{.principal = context.principal,
                                          .account = is_nobody ? kNobody : context.account.value(),
                                          .action = "s3:ListBucket",
                                          .resource = "arn:aws:s3:::" + need.bucket,
                                          .facts = std::move(facts)};
    if (permissions.refusal(question, resource.get())) return false;
  }
  return true;
}

}  // namespace clary::services
