#include "objects/bucket_settings.h"

namespace clary::objects {

SettingText SettingTexts::find(const BucketName& bucket, SettingKind kind) const {
  MutexLock lock(mutex_);
  const auto settings = texts_.find(bucket);
  if (settings == texts_.end()) return nullptr;
  const auto text = settings->second.find(kind);
  return text == settings->second.end() ? nullptr : text->second;
}

void SettingTexts::set(const BucketName& bucket, SettingKind kind,
                       const std::optional<std::string>& text) {
  MutexLock lock(mutex_);
  if (text) {
    texts_[bucket][kind] = std::make_shared<const std::string>(*text);
    return;
  }
  const auto settings = texts_.find(bucket);
  if (settings == texts_.end()) return;
  settings->second.erase(kind);
  if (settings->second.empty()) texts_.erase(settings);
}

void SettingTexts::forget(const BucketName& bucket) {
  MutexLock lock(mutex_);
  texts_.erase(bucket);
}

}  // namespace clary::objects
