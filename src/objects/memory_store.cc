#include "objects/memory_store.h"

#include <utility>

#include "base/text_encoding.h"
#include "objects/body_source.h"
#include "objects/body_writer.h"
#include "objects/store_rules.h"

namespace clary::objects {

MemoryStore::MemoryStore(const Clock& clock, IdSource& ids) : clock_(clock), ids_(ids) {}

Result<MemoryStore::Contents*> MemoryStore::find(const BucketName& name) {
  const auto found = buckets_.find(name);
  if (found == buckets_.end()) return bucket_absent(name);
  return &found->second;
}

Status MemoryStore::create_bucket(const Bucket& bucket) {
  MutexLock lock(mutex_);
  if (buckets_.contains(bucket.name)) {
    return already_exists("bucket '" + bucket.name.value() + "': there already");
  }
  buckets_[bucket.name] = Contents{bucket, ++sequence_, {}};
  return {};
}

SettingText MemoryStore::setting(const BucketName& bucket, SettingKind kind) {
  return settings_.find(bucket, kind);
}

Status MemoryStore::set_setting(const BucketName& bucket, SettingKind kind,
                                const std::optional<std::string>& text) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(find(bucket));
  settings_.set(bucket, kind, text);
  return {};
}

Status MemoryStore::remove_bucket(const BucketName& name) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Contents* contents, find(name));
  if (!contents->objects.empty()) return conflict("bucket '" + name.value() + "': not empty");
  std::erase_if(uploads_, [&](const auto& entry) { return entry.second.request.bucket == name; });
  buckets_.erase(name);
  return {};
}

Result<Bucket> MemoryStore::find_bucket(const BucketName& name) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Contents* contents, find(name));
  return contents->bucket;
}

Result<std::vector<Bucket>> MemoryStore::list_buckets() {
  MutexLock lock(mutex_);
  std::vector<Bucket> out;
  for (const auto& [name, contents] : buckets_) out.push_back(contents.bucket);
  return out;
}

Result<ObjectHead> MemoryStore::head(const BucketName& bucket, const ObjectKey& key,
                                     const std::string& version) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Stored* stored, find_stored(bucket, key, version));
  return stored->head;
}

Result<ObjectBody> MemoryStore::get(const BucketName& bucket, const ObjectKey& key,
                                    const ReadRequest& read) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Stored* stored, find_stored(bucket, key, read.version));
  ObjectBody body{stored->head, nullptr, stored->head.size_bytes, std::nullopt};
  if (stored->head.delete_marker) return body;
  CLARY_TRY(body.range, resolve_read(read, stored->head));
  if (body.range) body.length = body.range->last - body.range->first + 1;
  body.bytes = make_memory_source(stored->bytes, body.range ? body.range->first : 0, body.length);
  return body;
}

Result<ObjectHead> MemoryStore::store(const PutRequest& request, ObjectHead head,
                                      std::string bytes) {
  CLARY_TRY(Contents * contents, find(request.bucket));
  const Result<Stored*> present = find_stored(request.bucket, request.key, "");
  CLARY_RETURN_IF_ERROR(check_condition(
      request.condition, present.ok() ? std::optional((*present)->head.etag) : std::nullopt));
  head.key = request.key;
  head.metadata = request.metadata;
  head.tags = request.tags;
  head.last_modified = clock_.now();
  head.version_id = add_version(*contents, request.key,
                                {head, std::make_shared<const std::string>(std::move(bytes))});
  return head;
}

Result<std::unique_ptr<ObjectWriter>> MemoryStore::put(PutRequest request) {
  CLARY_RETURN_IF_ERROR(check_key(request.bucket, request.key));
  {
    MutexLock lock(mutex_);
    CLARY_TRY([[maybe_unused]] const Contents* contents, find(request.bucket));
  }
  const auto keep = [this, request](WrittenBody body) {
    ObjectHead head;
    head.size_bytes = body.sums.size_bytes;
    head.etag = hex_encode(body.sums.md5);
    head.checksum = body.sums.checksum;
    MutexLock lock(mutex_);
    return store(request, std::move(head), std::move(body.bytes));
  };
  return make_memory_writer(request, object_context(request.bucket, "put", request.key), keep);
}

Result<UploadId> MemoryStore::begin_upload(MultipartRequest request) {
  CLARY_RETURN_IF_ERROR(check_key(request.bucket, request.key));
  MutexLock lock(mutex_);
  CLARY_TRY([[maybe_unused]] const Contents* contents, find(request.bucket));
  UploadId id(ids_.hex(32));
  uploads_[id] = Upload{std::move(request), clock_.now(), {}, std::nullopt};
  return id;
}

Result<MemoryStore::Upload*> MemoryStore::find_upload(const BucketName& bucket,
                                                      const ObjectKey& key, const UploadId& id) {
  CLARY_TRY([[maybe_unused]] const Contents* contents, find(bucket));
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second.request.bucket != bucket ||
      found->second.request.key != key) {
    return upload_absent(bucket, id);
  }
  return &found->second;
}

Result<std::unique_ptr<ObjectWriter>> MemoryStore::put_part(PutRequest request,
                                                            const UploadId& upload, int number) {
  CLARY_RETURN_IF_ERROR(check_part_number(number));
  {
    MutexLock lock(mutex_);
    CLARY_TRY(const Upload* found, find_upload(request.bucket, request.key, upload));
    if (found->completed_etag) return upload_absent(request.bucket, upload);
    choose_part_checksums(request, found->request);
  }
  const auto keep = [this, request, upload, number](WrittenBody body) -> Result<ObjectHead> {
    MutexLock lock(mutex_);
    CLARY_TRY(Upload * found, find_upload(request.bucket, request.key, upload));
    if (found->completed_etag) return upload_absent(request.bucket, upload);
    ObjectHead head;
    head.key = request.key;
    const BodySums& sums = body.sums;
    head.size_bytes = sums.size_bytes;
    head.etag = hex_encode(sums.md5);
    head.checksum = sums.checksum;
    head.last_modified = clock_.now();
    found->parts[number] =
        Part{PartSums{sums.md5, sums.crc32c, sums.size_bytes, sums.checksum, sums.crc64nvme},
             std::move(body.bytes), head.last_modified};
    return head;
  };
  return make_memory_writer(request, object_context(request.bucket, "put part of", request.key),
                            keep);
}

Result<ObjectHead> MemoryStore::complete_upload(CompleteRequest request) {
  MutexLock lock(mutex_);
  CLARY_TRY(Upload * upload, find_upload(request.bucket, request.key, request.upload));
  if (upload->completed_etag) {
    const Result<Stored*> found = find_stored(request.bucket, request.key, "");
    if (!found.ok() || (*found)->head.etag != *upload->completed_etag) {
      return upload_absent(request.bucket, request.upload);
    }
    return (*found)->head;
  }
  std::vector<std::optional<PartSums>> stored;
  std::string bytes;
  for (const CompletedPart& part : request.parts) {
    const auto found = upload->parts.find(part.number);
    stored.push_back(found == upload->parts.end() ? std::nullopt
                                                  : std::optional(found->second.sums));
    if (found != upload->parts.end()) bytes += found->second.bytes;
  }
  CLARY_TRY(const std::vector<PartSums> parts, match_parts(request, stored, kMinPartBytes));
  CLARY_TRY(ObjectHead joined, joined_head(request, parts, upload->request.checksum_kind,
                                           upload->request.composite_checksum));
  PutRequest put{.bucket = request.bucket,
                 .key = request.key,
                 .metadata = upload->request.metadata,
                 .condition = request.condition,
                 .tags = upload->request.tags};
  CLARY_TRY(ObjectHead head, store(put, std::move(joined), std::move(bytes)));
  upload->parts.clear();
  upload->completed_etag = head.etag;
  return head;
}

Status MemoryStore::abort_upload(const BucketName& bucket, const ObjectKey& key,
                                 const UploadId& upload) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Upload* found, find_upload(bucket, key, upload));
  if (found->completed_etag) return upload_absent(bucket, upload);
  uploads_.erase(upload);
  return {};
}

Result<std::uint64_t> MemoryStore::change_counter(const BucketName& bucket) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Contents* contents, find(bucket));
  return contents->changes;
}

}  // namespace clary::objects
