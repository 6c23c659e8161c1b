// S3: what is said about a bucket and kept with it: policy, CORS rules, lifecycle, tags, public
// access. Thread-safe.
//
// Kept as the JSON of the request's own member; the policy as it came. Who acts on them:
// bucket_rules.h, objects/lifecycle_sweep.h.
#pragma once

#include <optional>
#include <string>

#include "api/bucket_settings.h"
#include "objects/bucket_settings.h"
#include "services/router.h"
#include "services/s3_access.h"

namespace clary::services {

class S3BucketSettings {
 public:
  // store and settings outlive this.
  S3BucketSettings(objects::ObjectStore& store, objects::BucketSettings& settings)
      : access_(store), settings_(settings) {}
  void add_to(Router& router);

  Outcome<api::PutBucketPolicy::Reply> put_policy(const api::PutBucketPolicy::Request& request,
                                                  const CallContext& context);
  Outcome<api::GetBucketPolicy::Reply> policy(const api::GetBucketPolicy::Request& request,
                                              const CallContext& context);
  Outcome<api::GetBucketPolicyStatus::Reply> policy_status(
      const api::GetBucketPolicyStatus::Request& request, const CallContext& context);
  Outcome<api::PutBucketCors::Reply> put_cors(const api::PutBucketCors::Request& request,
                                              const CallContext& context);
  Outcome<api::GetBucketCors::Reply> cors(const api::GetBucketCors::Request& request,
                                          const CallContext& context);
  Outcome<api::PutBucketLifecycleConfiguration::Reply> put_lifecycle(
      const api::PutBucketLifecycleConfiguration::Request& request, const CallContext& context);
  Outcome<api::GetBucketLifecycleConfiguration::Reply> lifecycle(
      const api::GetBucketLifecycleConfiguration::Request& request, const CallContext& context);
  Outcome<api::PutBucketTagging::Reply> put_tags(const api::PutBucketTagging::Request& request,
                                                 const CallContext& context);
  Outcome<api::GetBucketTagging::Reply> tags(const api::GetBucketTagging::Request& request,
                                             const CallContext& context);
  Outcome<api::PutPublicAccessBlock::Reply> put_public_access(
      const api::PutPublicAccessBlock::Request& request, const CallContext& context);
  Outcome<api::GetPublicAccessBlock::Reply> public_access(
      const api::GetPublicAccessBlock::Request& request, const CallContext& context);

 private:
  // One setting removed: an absent one too.
  template <typename Operation, objects::SettingKind kKind>
  Outcome<typename Operation::Reply> remove(const typename Operation::Request& request,
                                            const CallContext& context);
  // Of a bucket that is there and the caller's; null: no such setting.
  template <typename Request>
  Outcome<objects::SettingText> find(const Request& request, objects::SettingKind kind,
                                     const CallContext& context);
  template <typename Reply, typename Request>
  Outcome<Reply> keep(const Request& request, objects::SettingKind kind,
                      const std::optional<std::string>& text, const CallContext& context);

  S3Access access_;
  objects::BucketSettings& settings_;
};

}  // namespace clary::services
