// BucketSettings: texts that belong to a bucket and go with it: its policy, CORS rules, tags.
//
// Implementations: DirectoryStore, SharedBucketStore, MemoryStore. Thread-safe. What a text means
// is its writer's affair; docs/formats/objects.md names each.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/names.h"
#include "base/result.h"

namespace clary::objects {

// The numbers stand on disk.
enum class SettingKind {
  kPolicy = 0,
  kCors = 1,
  kLifecycle = 2,
  kTags = 3,
  kPublicAccess = 4,
};

// The same pointer as long as the setting stands unchanged: what was read from it may be kept.
using SettingText = std::shared_ptr<const std::string>;

class BucketSettings {
 public:
  virtual ~BucketSettings() = default;
  // Null: there is none, or no such bucket. From memory: every S3 request asks.
  virtual SettingText setting(const BucketName& bucket, SettingKind kind) = 0;
  // Durable when it returns; nothing: removed. NotFound: no such bucket.
  virtual Status set_setting(const BucketName& bucket, SettingKind kind,
                             const std::optional<std::string>& text) = 0;
};

// The settings of a store's buckets, in memory. Thread-safe.
class SettingTexts {
 public:
  SettingText find(const BucketName& bucket, SettingKind kind) const;
  void set(const BucketName& bucket, SettingKind kind, const std::optional<std::string>& text);
  void forget(const BucketName& bucket);

 private:
  mutable Mutex mutex_;
  std::map<BucketName, std::map<SettingKind, SettingText>> texts_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::objects
