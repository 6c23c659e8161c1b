#include "services/job_data_access.h"

#include <optional>

namespace clary::services {
namespace {

constexpr std::string_view kSecure = "https://";
constexpr std::string_view kArn = "arn:aws:s3:::";

// The address that a connection from this machine to the endpoint has at its own end as well.
std::string address_of(std::string_view endpoint) {
  endpoint.remove_prefix(endpoint.find("//") + 2);
  endpoint = endpoint.substr(0, endpoint.rfind(':'));
  if (endpoint.starts_with('[') && endpoint.ends_with(']'))
    endpoint = endpoint.substr(1, endpoint.size() - 2);
  return std::string(endpoint);
}

// Source: AWS, "Data download failed:Unable to download object s3://... (AccessDenied: ...)".
Error refused(std::string_view what, const objects::ObjectUri& place, const std::string& reason) {
  return denied("Unable to " + std::string(what) + ' ' + place.to_string() +
                " (AccessDenied: " + reason + ')');
}

}  // namespace

Result<JobDataAccess::Asking> JobDataAccess::asking(const runtime::DataReader& reader,
                                                    const BucketName& bucket) {
  Asking out;
  CLARY_TRY(out.permissions, domain::Permissions::of_key(reader.identity, parts_.identities,
                                                         parts_.account.value()));
  auto policy = parts_.buckets.policy_for(out.permissions, bucket);
  if (!policy.ok()) return denied(policy.error().message);
  out.bucket = std::move(*policy);
  out.question.principal = reader.identity.principal;
  out.question.account = parts_.account.value();
  CLARY_TRY(const std::string asker,
            domain::principal_arn(out.question.principal, out.question.account, parts_.identities));
  out.question.facts = domain::asker_facts(asker, out.question.account, parts_.clock.now());
  out.question.facts["aws:requestedregion"] = {reader.region.value()};
  out.question.facts["aws:securetransport"] = {
      parts_.server_endpoint.starts_with(kSecure) ? "true" : "false"};
  out.question.facts["aws:sourceip"] = {address_of(parts_.server_endpoint)};
  return out;
}

Result<runtime::Reading> JobDataAccess::reading(const runtime::DataReader& reader,
                                                const objects::ObjectUri& prefix) {
  CLARY_TRY(Asking ask, asking(reader, prefix.bucket));
  domain::PolicyQuestion list = ask.question;
  list.action = "s3:ListBucket";
  list.resource = std::string(kArn) + prefix.bucket.value();
  list.facts["s3:prefix"] = {prefix.key};
  if (const auto reason = ask.permissions.refusal(list, ask.bucket.get()))
    return refused("list", prefix, *reason);
  ask.question.action = "s3:GetObject";
  ask.question.resource = std::string(kArn) + prefix.bucket.value() + '/' + prefix.key;
  if (ask.permissions.tells_apart_below(ask.question, ask.bucket.get()))
    return runtime::Reading::kAskByKey;
  if (const auto reason = ask.permissions.refusal(ask.question, ask.bucket.get()))
    return refused("download", prefix, *reason);
  return runtime::Reading::kEvery;
}

Status JobDataAccess::may_read(const runtime::DataReader& reader, const BucketName& bucket,
                               const std::vector<ObjectKey>& keys) {
  CLARY_TRY(Asking ask, asking(reader, bucket));
  ask.question.action = "s3:GetObject";
  const std::string objects = std::string(kArn) + bucket.value() + '/';
  for (const ObjectKey& key : keys) {
    ask.question.resource = objects + key.value();
    if (const auto reason = ask.permissions.refusal(ask.question, ask.bucket.get()))
      return refused("download object", {.bucket = bucket, .key = *key}, *reason);
  }
  return {};
}

Status JobDataAccess::may_write(const runtime::DataReader& writer,
                                const objects::ObjectUri& object) {
  CLARY_TRY(Asking ask, asking(writer, object.bucket));
  ask.question.action = "s3:PutObject";
  ask.question.resource = std::string(kArn) + object.bucket.value() + '/' + object.key;
  if (const auto reason = ask.permissions.refusal(ask.question, ask.bucket.get()))
    return refused("write", object, *reason);
  return {};
}

}  // namespace clary::services
