#include "services/bucket_rules.h"

#include "base/strings.h"
#include "base/text_encoding.h"
#include "services/kept_text.h"
#include "services/s3_rules.h"

namespace clary::services {

using objects::SettingKind;

template <typename T, typename Parse>
Result<std::shared_ptr<const T>> BucketRules::find(const BucketName& bucket, SettingKind kind,
                                                   Cache<T> BucketRules::* cache,
                                                   const Parse& parse) {
  const objects::SettingText text = settings_.setting(bucket, kind);
  if (text == nullptr) return std::shared_ptr<const T>();
  MutexLock lock(mutex_);
  Parsed<T>& kept = (this->*cache)[bucket];
  if (kept.text != text) {
    Result<T> value = parse(*text);
    if (!value.ok()) return value.error().within("a setting of bucket '" + *bucket + "'");
    kept = {text, std::make_shared<const T>(std::move(*value))};
  }
  return kept.value;
}

Result<std::shared_ptr<const domain::Policy>> BucketRules::policy_for(
    const domain::Permissions& caller, const BucketName& bucket) {
  CLARY_TRY(auto policy,
            find(bucket, SettingKind::kPolicy, &BucketRules::policies_, domain::Policy::parse));
  if (policy == nullptr || !caller.is_nobody()) return policy;
  CLARY_TRY(const bool restricted, restricts_public(bucket));
  return restricted ? std::shared_ptr<const domain::Policy>() : std::move(policy);
}

Result<std::shared_ptr<const CorsConfiguration>> BucketRules::cors(const BucketName& bucket) {
  return find(bucket, SettingKind::kCors, &BucketRules::cors_, from_kept_text<CorsConfiguration>);
}

Result<std::shared_ptr<const LifecycleRules>> BucketRules::lifecycle(const BucketName& bucket) {
  return find(bucket, SettingKind::kLifecycle, &BucketRules::lifecycles_, lifecycle_rules);
}

Result<bool> BucketRules::restricts_public(const BucketName& bucket) {
  const objects::SettingText text = settings_.setting(bucket, SettingKind::kPublicAccess);
  if (text == nullptr) return false;
  CLARY_TRY(const auto block, from_kept_text<api::s3::PublicAccessBlockConfiguration>(*text));
  return block.restrict_public_buckets.value_or(false);
}

BucketName bucket_of_path(std::string_view raw_path) {
  if (raw_path.empty()) return {};
  raw_path.remove_prefix(1);
  return BucketName(percent_decode(raw_path.substr(0, raw_path.find('/'))).value_or(""));
}

BucketName bucket_of_host(std::string_view host, const std::vector<std::string>& domains) {
  const std::string name = to_lower(host.substr(0, host.rfind(':')));
  for (const std::string& domain : domains) {
    if (name.size() <= domain.size() + 1 || !name.ends_with(to_lower(domain))) continue;
    if (name[name.size() - domain.size() - 1] != '.') continue;
    const std::string bucket = name.substr(0, name.size() - domain.size() - 1);
    if (is_valid_bucket_name(bucket)) return BucketName(bucket);
  }
  return {};
}

}  // namespace clary::services
