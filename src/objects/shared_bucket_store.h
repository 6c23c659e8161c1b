// A ServedStore whose buckets are folders of one bucket of another store: the key 'k' of bucket 'b'
// is PREFIX b/k there. So a server keeps its objects in an S3 somewhere else (remote_s3_store.h).
//
// What is known of a bucket stands there too (bucket_records.h) and is read once, at open: one
// server per place. Objects that lie in a bucket's folder already are its objects. What the place
// decides for all its buckets: whether versions are kept. Keys are shorter than S3's 1,024 bytes by
// what stands before them. Thread-safe. Lock order: changes_, mutex_.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "objects/bucket_records.h"
#include "objects/object_store.h"
#include "objects/served_store.h"

namespace clary::objects {

struct SharedPlace {
  BucketName bucket;   // of the store below
  std::string prefix;  // "" or ends in '/'
  std::string owner;   // who claims it
  // How long it is believed whether the bucket below keeps versions.
  Duration versioning_lasts = std::chrono::seconds(10);
};

class SharedBucketStore final : public ServedStore {
 public:
  // below and clock outlive the store. NotFound: there is no such bucket below. AlreadyExists: the
  // place is another server's.
  static Result<std::unique_ptr<SharedBucketStore>> open(ObjectStore& below, SharedPlace place,
                                                         const Clock& clock);

  Status create_bucket(const Bucket& bucket) override;
  Status remove_bucket(const BucketName& name) override;
  Result<Bucket> find_bucket(const BucketName& name) override;
  // Without their versioning.
  Result<std::vector<Bucket>> list_buckets() override;
  // Unsupported, unless it is what holds for the bucket below.
  Status set_versioning(const BucketName& name, Versioning versioning) override;
  using ObjectStore::get;
  using ObjectStore::head;
  using ObjectStore::remove;
  Result<ObjectHead> head(const BucketName& bucket, const ObjectKey& key,
                          const std::string& version) override;
  Result<ObjectBody> get(const BucketName& bucket, const ObjectKey& key,
                         const ReadRequest& read) override;
  Result<std::unique_ptr<ObjectWriter>> put(PutRequest request) override;
  Result<ObjectHead> copy(const CopyRequest& request) override;
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
  // Unsupported: the changes of a folder are not counted.
  Result<std::uint64_t> change_counter(const BucketName& bucket) override;
  SettingText setting(const BucketName& bucket, SettingKind kind) override;
  Status set_setting(const BucketName& bucket, SettingKind kind,
                     const std::optional<std::string>& text) override;

 private:
  class Writer;
  class Stay;
  struct Folder {
    Bucket bucket;
    int writers = 0;       // that are about to store something
    bool closing = false;  // is being removed: takes no writers
  };

  SharedBucketStore(ObjectStore& below, SharedPlace place, const Clock& clock);

  std::string folder_of(const BucketName& bucket) const { return place_.prefix + *bucket + "/"; }
  ObjectKey key_below(const BucketName& bucket, const ObjectKey& key) const {
    return ObjectKey(folder_of(bucket) + *key);
  }
  // Moves a request's place to the store below. NotFound: there is no such bucket.
  Status descend(BucketName& bucket, ObjectKey& key);
  Result<ListRequest> listing_below(const ListRequest& request);
  Status check_bucket(const BucketName& bucket);
  // Of a key that is to be stored.
  Status check_key_length(const BucketName& bucket, const ObjectKey& key) const;
  // An error of the store below, as one of this one. absent: what its NotFound means.
  Error risen(const Error& error, const Error& absent) const;
  Result<Versioning> versioning_below();
  Status empty_of_uploads(const BucketName& name);
  Status close(const BucketName& name);

  ObjectStore& below_;
  SharedPlace place_;
  const Clock& clock_;
  BucketRecords records_;
  Mutex changes_;  // held while a record is written and then shown
  SettingTexts settings_;
  Mutex mutex_;
  std::map<BucketName, Folder> folders_ CLARY_GUARDED_BY(mutex_);
  std::optional<Versioning> versioning_ CLARY_GUARDED_BY(mutex_);
  Duration versioning_asked_ CLARY_GUARDED_BY(mutex_) = {};
};

}  // namespace clary::objects
