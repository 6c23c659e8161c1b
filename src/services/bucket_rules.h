// BucketRules: what the settings of a bucket say about a request: its policy, its CORS rules,
// and when its objects expire.
//
// Parsed once per change. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "domain/permissions.h"
#include "domain/policy.h"
#include "objects/bucket_settings.h"
#include "services/cors.h"
#include "services/s3_lifecycle.h"

namespace clary::services {

class BucketRules {
 public:
  // settings outlive this.
  explicit BucketRules(objects::BucketSettings& settings) : settings_(settings) {}

  Result<std::shared_ptr<const CorsConfiguration>> cors(const BucketName& bucket);
  Result<std::shared_ptr<const LifecycleRules>> lifecycle(const BucketName& bucket);
  // The bucket's policy as it counts for this caller. Null: it has none, or its public access block
  // keeps callers without a key out. An error: one that this release cannot read, which allows
  // nothing.
  Result<std::shared_ptr<const domain::Policy>> policy_for(const domain::Permissions& caller,
                                                           const BucketName& bucket);

 private:
  // What was parsed, and the text it was parsed from.
  template <typename T>
  struct Parsed {
    objects::SettingText text;
    std::shared_ptr<const T> value;
  };
  template <typename T>
  using Cache = std::map<BucketName, Parsed<T>>;
  template <typename T, typename Parse>
  Result<std::shared_ptr<const T>> find(const BucketName& bucket, objects::SettingKind kind,
                                        Cache<T> BucketRules::* cache, const Parse& parse)
      CLARY_EXCLUDES(mutex_);

  // Whether the public access block keeps callers without a key out, whatever the policy says.
  Result<bool> restricts_public(const BucketName& bucket);

  objects::BucketSettings& settings_;
  Mutex mutex_;
  Cache<domain::Policy> policies_ CLARY_GUARDED_BY(mutex_);
  Cache<CorsConfiguration> cors_ CLARY_GUARDED_BY(mutex_);
  Cache<LifecycleRules> lifecycles_ CLARY_GUARDED_BY(mutex_);
};

// The bucket that the path of an S3 request names; "" for none.
BucketName bucket_of_path(std::string_view raw_path);
// The bucket that stands before one of `domains` in a Host field ("data.localhost:4580" before
// "localhost"): virtual-host style. Empty: none.
BucketName bucket_of_host(std::string_view host, const std::vector<std::string>& domains);

}  // namespace clary::services
