// SharedBucketStore: objects, uploads and lists, moved to the store below and back.
#include <utility>

#include "objects/shared_bucket_store.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

void rise(PageEnd& page, std::size_t folder_bytes) {
  for (std::string& prefix : page.common_prefixes) prefix.erase(0, folder_bytes);
  page.next_after.erase(0, folder_bytes);
}

}  // namespace

// A writer that is about to store something: its bucket is not removed meanwhile.
class SharedBucketStore::Stay {
 public:
  static Result<Stay> enter(SharedBucketStore& store, const BucketName& bucket) {
    MutexLock lock(store.mutex_);
    const auto folder = store.folders_.find(bucket);
    if (folder == store.folders_.end() || folder->second.closing) return bucket_absent(bucket);
    ++folder->second.writers;
    return Stay(store, bucket);
  }
  Stay(Stay&& other) noexcept
      : store_(std::exchange(other.store_, nullptr)), bucket_(std::move(other.bucket_)) {}
  Stay& operator=(Stay&&) = delete;
  ~Stay() {
    if (store_ == nullptr) return;
    MutexLock lock(store_->mutex_);
    --store_->folders_[bucket_].writers;
  }

 private:
  Stay(SharedBucketStore& store, BucketName bucket) : store_(&store), bucket_(std::move(bucket)) {}
  SharedBucketStore* store_;
  BucketName bucket_;
};

class SharedBucketStore::Writer final : public ObjectWriter {
 public:
  Writer(SharedBucketStore& store, std::unique_ptr<ObjectWriter> below, BucketName bucket,
         ObjectKey key, Error absent)
      : store_(store),
        below_(std::move(below)),
        bucket_(std::move(bucket)),
        key_(std::move(key)),
        absent_(std::move(absent)) {}

  Status write(std::string_view piece) override {
    const Status written = below_->write(piece);
    return written.ok() ? written : store_.risen(written.error(), absent_);
  }
  void expect_checksum(Checksum checksum) override { below_->expect_checksum(std::move(checksum)); }
  Result<ObjectHead> finish() override {
    CLARY_TRY([[maybe_unused]] const Stay stay, Stay::enter(store_, bucket_));
    Result<ObjectHead> head = below_->finish();
    if (!head.ok()) return store_.risen(head.error(), absent_);
    head->key = key_;
    return head;
  }
  Mismatch mismatch() const override { return below_->mismatch(); }

 private:
  SharedBucketStore& store_;
  std::unique_ptr<ObjectWriter> below_;
  BucketName bucket_;
  ObjectKey key_;
  Error absent_;
};

Status SharedBucketStore::descend(BucketName& bucket, ObjectKey& key) {
  CLARY_RETURN_IF_ERROR(check_bucket(bucket));
  key = key_below(bucket, key);
  bucket = place_.bucket;
  return {};
}

Status SharedBucketStore::check_key_length(const BucketName& bucket, const ObjectKey& key) const {
  CLARY_RETURN_IF_ERROR(check_key(bucket, key));
  const std::size_t before = folder_of(bucket).size();
  if (key->size() + before <= kMaxKeyBytes) return {};
  return invalid_argument(object_context(bucket, "key", key) + ": a key of this bucket has 1 to " +
                          std::to_string(kMaxKeyBytes - before) +
                          " bytes: in the remote bucket it stands behind '" + folder_of(bucket) +
                          "'");
}

// ---- reading ----

Result<ObjectHead> SharedBucketStore::head(const BucketName& bucket, const ObjectKey& key,
                                           const std::string& version) {
  const Error absent =
      version.empty() ? key_absent(bucket, key) : version_absent(bucket, key, version);
  CLARY_RETURN_IF_ERROR(check_bucket(bucket));
  if (!check_key_length(bucket, key).ok()) return absent;
  Result<ObjectHead> head = below_.head(place_.bucket, key_below(bucket, key), version);
  if (!head.ok()) return risen(head.error(), absent);
  head->key = key;
  return head;
}

Result<ObjectBody> SharedBucketStore::get(const BucketName& bucket, const ObjectKey& key,
                                          const ReadRequest& read) {
  const Error absent =
      read.version.empty() ? key_absent(bucket, key) : version_absent(bucket, key, read.version);
  CLARY_RETURN_IF_ERROR(check_bucket(bucket));
  if (!check_key_length(bucket, key).ok()) return absent;
  Result<ObjectBody> body = below_.get(place_.bucket, key_below(bucket, key), read);
  if (!body.ok()) return risen(body.error(), absent);
  body->head.key = key;
  return body;
}

Result<ListRequest> SharedBucketStore::listing_below(const ListRequest& request) {
  CLARY_RETURN_IF_ERROR(check_bucket(request.bucket));
  const std::string folder = folder_of(request.bucket);
  ListRequest below = request;
  below.bucket = place_.bucket;
  below.prefix = folder + request.prefix;
  if (!request.after.empty()) below.after = folder + request.after;
  return below;
}

Result<ListPage> SharedBucketStore::list(const ListRequest& request) {
  CLARY_TRY(const ListRequest below, listing_below(request));
  Result<ListPage> page = below_.list(below);
  if (!page.ok()) return risen(page.error(), bucket_absent(request.bucket));
  const std::size_t folder_bytes = folder_of(request.bucket).size();
  for (ObjectHead& head : page->objects) head.key = ObjectKey(head.key->substr(folder_bytes));
  rise(*page, folder_bytes);
  return page;
}

Result<ListPage> SharedBucketStore::list_versions(const ListRequest& request) {
  CLARY_TRY(const ListRequest below, listing_below(request));
  Result<ListPage> page = below_.list_versions(below);
  if (!page.ok()) return risen(page.error(), bucket_absent(request.bucket));
  const std::size_t folder_bytes = folder_of(request.bucket).size();
  for (ObjectHead& head : page->objects) head.key = ObjectKey(head.key->substr(folder_bytes));
  rise(*page, folder_bytes);
  return page;
}

// ---- writing ----

Result<std::unique_ptr<ObjectWriter>> SharedBucketStore::put(PutRequest request) {
  const BucketName bucket = request.bucket;
  const ObjectKey key = request.key;
  CLARY_RETURN_IF_ERROR(check_key_length(bucket, key));
  CLARY_RETURN_IF_ERROR(descend(request.bucket, request.key));
  Result<std::unique_ptr<ObjectWriter>> writer = below_.put(std::move(request));
  if (!writer.ok()) return risen(writer.error(), key_absent(bucket, key));
  return std::unique_ptr<ObjectWriter>(
      std::make_unique<Writer>(*this, std::move(*writer), bucket, key, key_absent(bucket, key)));
}

Result<ObjectHead> SharedBucketStore::copy(const CopyRequest& request) {
  const PutRequest& to = request.to;
  CLARY_TRY([[maybe_unused]] const Stay stay, Stay::enter(*this, to.bucket));
  CLARY_RETURN_IF_ERROR(check_key_length(to.bucket, to.key));
  CopyRequest below = request;
  CLARY_RETURN_IF_ERROR(descend(below.from_bucket, below.from_key));
  CLARY_RETURN_IF_ERROR(descend(below.to.bucket, below.to.key));
  Result<ObjectHead> head = below_.copy(below);
  if (!head.ok()) return risen(head.error(), key_absent(request.from_bucket, request.from_key));
  head->key = to.key;
  return head;
}

Result<std::vector<Result<Removed>>> SharedBucketStore::remove(
    const BucketName& bucket, const std::vector<Removal>& removals) {
  CLARY_TRY([[maybe_unused]] const Stay stay, Stay::enter(*this, bucket));
  // What is longer than the remote takes was never stored: it is absent.
  std::vector<Result<Removed>> outcomes(removals.size(), Result<Removed>(Removed()));
  std::vector<Removal> below;
  std::vector<std::size_t> places;  // of `below` in `removals`
  for (std::size_t at = 0; at < removals.size(); ++at) {
    if (!check_key_length(bucket, removals[at].key).ok()) {
      const Status allowed = check_removal(removals[at], std::nullopt);
      if (!allowed.ok()) outcomes[at] = allowed.error();
      continue;
    }
    places.push_back(at);
    below.push_back(removals[at]);
    below.back().key = key_below(bucket, removals[at].key);
  }
  if (below.empty()) return outcomes;
  Result<std::vector<Result<Removed>>> removed = below_.remove(place_.bucket, below);
  if (!removed.ok()) return risen(removed.error(), bucket_absent(bucket));
  for (std::size_t at = 0; at < places.size(); ++at) {
    Result<Removed>& one = (*removed)[at];
    outcomes[places[at]] = one.ok() ? std::move(one) : risen(one.error(), one.error());
  }
  return outcomes;
}

Result<ObjectHead> SharedBucketStore::set_tags(const BucketName& bucket, const ObjectKey& key,
                                               const std::string& version, const Tags& tags) {
  const Error absent =
      version.empty() ? key_absent(bucket, key) : version_absent(bucket, key, version);
  CLARY_RETURN_IF_ERROR(check_bucket(bucket));
  if (!check_key_length(bucket, key).ok()) return absent;
  Result<ObjectHead> head = below_.set_tags(place_.bucket, key_below(bucket, key), version, tags);
  if (!head.ok()) return risen(head.error(), absent);
  head->key = key;
  return head;
}

// ---- uploads ----

Result<UploadId> SharedBucketStore::begin_upload(MultipartRequest request) {
  const BucketName bucket = request.bucket;
  CLARY_TRY([[maybe_unused]] const Stay stay, Stay::enter(*this, bucket));
  CLARY_RETURN_IF_ERROR(check_key_length(bucket, request.key));
  CLARY_RETURN_IF_ERROR(descend(request.bucket, request.key));
  Result<UploadId> id = below_.begin_upload(std::move(request));
  if (!id.ok()) return risen(id.error(), bucket_absent(bucket));
  return id;
}

Result<std::unique_ptr<ObjectWriter>> SharedBucketStore::put_part(PutRequest request,
                                                                  const UploadId& upload,
                                                                  int number) {
  const BucketName bucket = request.bucket;
  const ObjectKey key = request.key;
  const Error absent = upload_absent(bucket, upload);
  CLARY_RETURN_IF_ERROR(descend(request.bucket, request.key));
  Result<std::unique_ptr<ObjectWriter>> writer =
      below_.put_part(std::move(request), upload, number);
  if (!writer.ok()) return risen(writer.error(), absent);
  return std::unique_ptr<ObjectWriter>(
      std::make_unique<Writer>(*this, std::move(*writer), bucket, key, absent));
}

Result<ObjectHead> SharedBucketStore::complete_upload(CompleteRequest request) {
  const BucketName bucket = request.bucket;
  const ObjectKey key = request.key;
  const Error absent = upload_absent(bucket, request.upload);
  CLARY_TRY([[maybe_unused]] const Stay stay, Stay::enter(*this, bucket));
  CLARY_RETURN_IF_ERROR(descend(request.bucket, request.key));
  Result<ObjectHead> head = below_.complete_upload(std::move(request));
  if (!head.ok()) return risen(head.error(), absent);
  head->key = key;
  return head;
}

Status SharedBucketStore::abort_upload(const BucketName& bucket, const ObjectKey& key,
                                       const UploadId& upload) {
  CLARY_RETURN_IF_ERROR(check_bucket(bucket));
  const Status aborted = below_.abort_upload(place_.bucket, key_below(bucket, key), upload);
  return aborted.ok() ? aborted : risen(aborted.error(), upload_absent(bucket, upload));
}

Result<PartPage> SharedBucketStore::list_parts(const PartListRequest& request) {
  PartListRequest below = request;
  CLARY_RETURN_IF_ERROR(descend(below.bucket, below.key));
  Result<PartPage> page = below_.list_parts(below);
  if (!page.ok()) return risen(page.error(), upload_absent(request.bucket, request.upload));
  return page;
}

Result<UploadPage> SharedBucketStore::list_uploads(const ListRequest& request) {
  CLARY_TRY(const ListRequest below, listing_below(request));
  Result<UploadPage> page = below_.list_uploads(below);
  if (!page.ok()) return risen(page.error(), bucket_absent(request.bucket));
  const std::size_t folder_bytes = folder_of(request.bucket).size();
  for (PendingUpload& upload : page->uploads)
    upload.key = ObjectKey(upload.key->substr(folder_bytes));
  rise(*page, folder_bytes);
  return page;
}

}  // namespace clary::objects
