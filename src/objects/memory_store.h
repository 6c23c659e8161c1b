// An ObjectStore in the memory of the process: for tests. Everything is lost with it. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/mutex.h"
#include "objects/body_digests.h"
#include "objects/bucket_settings.h"
#include "objects/object_store.h"

namespace clary::objects {

class MemoryStore : public ObjectStore, public BucketSettings {
 public:
  // clock and ids outlive the store.
  MemoryStore(const Clock& clock, IdSource& ids);

  Status create_bucket(const Bucket& bucket) override;
  Status remove_bucket(const BucketName& name) override;
  Result<Bucket> find_bucket(const BucketName& name) override;
  Result<std::vector<Bucket>> list_buckets() override;
  Status set_versioning(const BucketName& name, Versioning versioning) override;
  using ObjectStore::get;
  using ObjectStore::head;
  using ObjectStore::remove;
  Result<ObjectHead> head(const BucketName& bucket, const ObjectKey& key,
                          const std::string& version) override;
  Result<ObjectBody> get(const BucketName& bucket, const ObjectKey& key,
                         const ReadRequest& read) override;
  Result<std::unique_ptr<ObjectWriter>> put(PutRequest request) override;
  Result<std::vector<Result<Removed>>> remove(const BucketName& bucket,
                                              const std::vector<Removal>& removals) override;
  Result<ListPage> list(const ListRequest& request) override;
  Result<ListPage> list_versions(const ListRequest& request) override;
  Result<ObjectHead> set_tags(const BucketName& bucket, const ObjectKey& key,
                              const std::string& version, const Tags& tags) override;
  Result<UploadId> begin_upload(MultipartRequest request) override;
  Result<std::unique_ptr<ObjectWriter>> put_part(PutRequest request, const UploadId& upload,
                                                 int number) override;
  Result<ObjectHead> complete_upload(CompleteRequest request) override;
  Status abort_upload(const BucketName& bucket, const ObjectKey& key,
                      const UploadId& upload) override;
  Result<PartPage> list_parts(const PartListRequest& request) override;
  Result<UploadPage> list_uploads(const ListRequest& request) override;
  Result<std::uint64_t> change_counter(const BucketName& bucket) override;
  SettingText setting(const BucketName& bucket, SettingKind kind) override;
  Status set_setting(const BucketName& bucket, SettingKind kind,
                     const std::optional<std::string>& text) override;

 private:
  struct Stored {
    ObjectHead head;
    std::shared_ptr<const std::string> bytes;
  };
  using Versions = std::vector<Stored>;  // newest first; never empty
  struct Part {
    PartSums sums;
    std::string bytes;
    TimePoint modified;
  };
  struct Upload {
    MultipartRequest request;
    TimePoint begun;
    std::map<int, Part> parts;
    std::optional<std::string> completed_etag;
  };
  struct Contents {
    Bucket bucket;
    std::uint64_t changes = 0;
    std::map<std::string, Versions> objects;
  };
  class Cursor;
  class VersionCursor;
  class UploadCursor;

  template <typename CursorOfObjects>
  Result<ListPage> read_page(const ListRequest& request);
  Result<Contents*> find(const BucketName& name) CLARY_REQUIRES(mutex_);
  Result<Upload*> find_upload(const BucketName& bucket, const ObjectKey& key, const UploadId& id)
      CLARY_REQUIRES(mutex_);
  // version "": the current object. NotFound when it is absent or hidden by a delete marker.
  Result<Stored*> find_stored(const BucketName& bucket, const ObjectKey& key,
                              const std::string& version) CLARY_REQUIRES(mutex_);
  // Makes place for a new version and gives its id, as clients see it.
  std::string add_version(Contents& contents, const ObjectKey& key, Stored stored)
      CLARY_REQUIRES(mutex_);
  Result<Removed> remove_one(Contents& contents, const Removal& removal) CLARY_REQUIRES(mutex_);
  Result<ObjectHead> store(const PutRequest& request, ObjectHead head, std::string bytes)
      CLARY_REQUIRES(mutex_);

  const Clock& clock_;
  IdSource& ids_;
  SettingTexts settings_;
  Mutex mutex_;
  std::uint64_t sequence_ CLARY_GUARDED_BY(mutex_) = 0;
  std::map<BucketName, Contents> buckets_ CLARY_GUARDED_BY(mutex_);
  std::map<UploadId, Upload> uploads_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::objects
