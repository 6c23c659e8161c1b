#include "objects/shared_bucket_store.h"

#include "objects/store_rules.h"

namespace clary::objects {

constexpr SettingKind kEverySetting[] = {SettingKind::kPolicy, SettingKind::kCors,
                                         SettingKind::kLifecycle, SettingKind::kTags,
                                         SettingKind::kPublicAccess};

SharedBucketStore::SharedBucketStore(ObjectStore& below, SharedPlace place, const Clock& clock)
    : below_(below),
      place_(std::move(place)),
      clock_(clock),
      records_(below_, place_.bucket, place_.prefix) {}

Result<std::unique_ptr<SharedBucketStore>> SharedBucketStore::open(ObjectStore& below,
                                                                   SharedPlace place,
                                                                   const Clock& clock) {
  const std::string name = "s3://" + *place.bucket + "/" + place.prefix;
  CLARY_TRY([[maybe_unused]] const Bucket bucket, below.find_bucket(place.bucket));
  std::unique_ptr<SharedBucketStore> store(new SharedBucketStore(below, std::move(place), clock));
  const Status claimed = store->records_.claim(store->place_.owner);
  if (!claimed.ok()) return claimed.error().within(name);
  CLARY_TRY(const std::vector<BucketRecord> records, store->records_.load());
  MutexLock lock(store->mutex_);
  for (const BucketRecord& record : records) {
    store->folders_[record.bucket.name] = {.bucket = record.bucket};
    for (const auto& [kind, text] : record.settings)
      store->settings_.set(record.bucket.name, kind, text);
  }
  return store;
}

Error SharedBucketStore::risen(const Error& error, const Error& absent) const {
  if (error.code == ErrorCode::kDenied)
    return internal_error("the remote store refuses this server: " + error.message);
  if (error.code != ErrorCode::kNotFound) return error;
  if (error.message == bucket_absent(place_.bucket).message)
    return unavailable("the remote bucket '" + *place_.bucket + "' is not there any more");
  return absent;
}

// ---- buckets ----

Status SharedBucketStore::check_bucket(const BucketName& bucket) {
  MutexLock lock(mutex_);
  return folders_.contains(bucket) ? Status() : bucket_absent(bucket);
}

Result<Versioning> SharedBucketStore::versioning_below() {
  const Duration now = clock_.steady();
  {
    MutexLock lock(mutex_);
    if (versioning_ && now - versioning_asked_ < place_.versioning_lasts) return *versioning_;
  }
  const Result<Bucket> bucket = below_.find_bucket(place_.bucket);
  if (!bucket.ok()) return risen(bucket.error(), bucket.error());
  MutexLock lock(mutex_);
  versioning_ = bucket->versioning;
  versioning_asked_ = now;
  return bucket->versioning;
}

Status SharedBucketStore::create_bucket(const Bucket& bucket) {
  MutexLock change(changes_);
  if (check_bucket(bucket.name).ok())
    return already_exists("bucket '" + *bucket.name + "': there already");
  const Status written = records_.write({.bucket = bucket, .settings = {}});
  if (!written.ok()) return risen(written.error(), written.error());
  MutexLock lock(mutex_);
  folders_[bucket.name] = {.bucket = bucket};
  return {};
}

Status SharedBucketStore::close(const BucketName& name) {
  MutexLock lock(mutex_);
  const auto folder = folders_.find(name);
  if (folder == folders_.end()) return bucket_absent(name);
  if (folder->second.writers > 0)
    return conflict("bucket '" + *name + "': objects are being stored in it");
  folder->second.closing = true;
  return {};
}

Status SharedBucketStore::empty_of_uploads(const BucketName& name) {
  ListRequest request{.bucket = name};
  for (;;) {
    CLARY_TRY(const UploadPage page, list_uploads(request));
    for (const PendingUpload& upload : page.uploads)
      CLARY_RETURN_IF_ERROR(abort_upload(name, upload.key, upload.id));
    if (!page.truncated) return {};
    request.after = page.next_after;
    request.after_id = page.next_after_id;
  }
}

Status SharedBucketStore::remove_bucket(const BucketName& name) {
  MutexLock change(changes_);
  CLARY_RETURN_IF_ERROR(close(name));
  const auto remove = [&]() -> Status {
    CLARY_TRY(const ListPage page, list_versions({.bucket = name, .max_keys = 1}));
    if (!page.objects.empty()) return conflict("bucket '" + *name + "': not empty");
    CLARY_RETURN_IF_ERROR(empty_of_uploads(name));
    const Status removed = records_.remove(name);
    return removed.ok() ? removed : risen(removed.error(), removed.error());
  };
  const Status removed = remove();
  if (removed.ok()) settings_.forget(name);
  MutexLock lock(mutex_);
  if (removed.ok()) {
    folders_.erase(name);
  } else {
    folders_[name].closing = false;
  }
  return removed;
}

Result<Bucket> SharedBucketStore::find_bucket(const BucketName& name) {
  Bucket bucket;
  {
    MutexLock lock(mutex_);
    const auto folder = folders_.find(name);
    if (folder == folders_.end()) return bucket_absent(name);
    bucket = folder->second.bucket;
  }
  CLARY_TRY(bucket.versioning, versioning_below());
  return bucket;
}

Result<std::vector<Bucket>> SharedBucketStore::list_buckets() {
  std::vector<Bucket> out;
  MutexLock lock(mutex_);
  for (const auto& [name, folder] : folders_) out.push_back(folder.bucket);
  return out;
}

Status SharedBucketStore::set_versioning(const BucketName& name, Versioning versioning) {
  CLARY_RETURN_IF_ERROR(check_versioning(name, versioning));
  CLARY_TRY(const Bucket bucket, find_bucket(name));
  if (bucket.versioning == versioning) return {};
  return unsupported("bucket '" + *name +
                     "': its objects are in a remote bucket, and whether versions are kept is set "
                     "there, on '" +
                     *place_.bucket + "', for all buckets at once");
}

SettingText SharedBucketStore::setting(const BucketName& bucket, SettingKind kind) {
  return settings_.find(bucket, kind);
}

Status SharedBucketStore::set_setting(const BucketName& bucket, SettingKind kind,
                                      const std::optional<std::string>& text) {
  MutexLock change(changes_);
  BucketRecord record;
  {
    MutexLock lock(mutex_);
    const auto folder = folders_.find(bucket);
    if (folder == folders_.end()) return bucket_absent(bucket);
    record.bucket = folder->second.bucket;
  }
  for (const SettingKind each : kEverySetting) {
    if (const SettingText kept = settings_.find(bucket, each)) record.settings[each] = *kept;
  }
  if (text) {
    record.settings[kind] = *text;
  } else {
    record.settings.erase(kind);
  }
  const Status written = records_.write(record);
  if (!written.ok()) return risen(written.error(), written.error());
  settings_.set(bucket, kind, text);
  return {};
}

Result<std::uint64_t> SharedBucketStore::change_counter(const BucketName& bucket) {
  return unsupported("bucket '" + *bucket +
                     "': the changes of objects in a remote bucket are not counted");
}

}  // namespace clary::objects
