// MemoryStore: what a bucket holds, page by page; versions, removals and tags.
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text_encoding.h"
#include "objects/list_walk.h"
#include "objects/memory_store.h"
#include "objects/store_rules.h"

namespace clary::objects {

// The current objects.
class MemoryStore::Cursor final : public KeyCursor {
 public:
  Cursor(const std::map<std::string, Versions>& objects, std::vector<ObjectHead>& out)
      : objects_(objects), out_(out) {}
  Result<bool> seek(std::string_view key) override {
    at_ = objects_.lower_bound(std::string(key));
    return skip_hidden();
  }
  Result<bool> next() override {
    ++at_;
    return skip_hidden();
  }
  std::string_view key() const override { return at_->first; }
  void take() override { out_.push_back(at_->second.front().head); }

 private:
  bool skip_hidden() {
    while (at_ != objects_.end() && at_->second.front().head.delete_marker) ++at_;
    return at_ != objects_.end();
  }

  const std::map<std::string, Versions>& objects_;
  std::vector<ObjectHead>& out_;
  std::map<std::string, Versions>::const_iterator at_;
};

class MemoryStore::VersionCursor final : public KeyCursor {
 public:
  VersionCursor(const std::map<std::string, Versions>& objects, std::vector<ObjectHead>& out)
      : objects_(objects), out_(out) {}
  Result<bool> seek(std::string_view key) override {
    at_ = objects_.lower_bound(std::string(key));
    version_ = 0;
    return at_ != objects_.end();
  }
  Result<bool> next() override {
    if (++version_ == at_->second.size()) {
      ++at_;
      version_ = 0;
    }
    return at_ != objects_.end();
  }
  std::string_view key() const override { return at_->first; }
  std::string id() const override {
    const std::string& id = at_->second[version_].head.version_id;
    return id.empty() ? std::string(kNullVersion) : id;
  }
  void take() override {
    ObjectHead& head = out_.emplace_back(at_->second[version_].head);
    head.version_id = id();
    head.latest = version_ == 0;
  }

 private:
  const std::map<std::string, Versions>& objects_;
  std::vector<ObjectHead>& out_;
  std::map<std::string, Versions>::const_iterator at_;
  std::size_t version_ = 0;
};

// Uploads stand in a map by id; a listing wants them by key and beginning.
class MemoryStore::UploadCursor final : public KeyCursor {
 public:
  UploadCursor(std::vector<PendingUpload> uploads, std::vector<PendingUpload>& out)
      : uploads_(std::move(uploads)), out_(out) {
    std::ranges::sort(uploads_, {}, [](const PendingUpload& upload) {
      return std::tie(*upload.key, upload.begun, *upload.id);
    });
  }
  Result<bool> seek(std::string_view key) override {
    at_ = static_cast<std::size_t>(std::ranges::count_if(
        uploads_, [&](const PendingUpload& upload) { return *upload.key < key; }));
    return at_ < uploads_.size();
  }
  Result<bool> next() override { return ++at_ < uploads_.size(); }
  std::string_view key() const override { return *uploads_[at_].key; }
  std::string id() const override { return *uploads_[at_].id; }
  void take() override { out_.push_back(uploads_[at_]); }

 private:
  std::vector<PendingUpload> uploads_;
  std::vector<PendingUpload>& out_;
  std::size_t at_ = 0;
};

Status MemoryStore::set_versioning(const BucketName& name, Versioning versioning) {
  CLARY_RETURN_IF_ERROR(check_versioning(name, versioning));
  MutexLock lock(mutex_);
  CLARY_TRY(Contents * contents, find(name));
  contents->bucket.versioning = versioning;
  for (auto& [key, versions] : contents->objects) {
    for (Stored& stored : versions) {
      if (stored.head.version_id.empty()) stored.head.version_id = kNullVersion;
    }
  }
  return {};
}

Result<MemoryStore::Stored*> MemoryStore::find_stored(const BucketName& bucket,
                                                      const ObjectKey& key,
                                                      const std::string& version) {
  CLARY_TRY(Contents * contents, find(bucket));
  const auto found = contents->objects.find(*key);
  if (version.empty()) {
    if (found == contents->objects.end() || found->second.front().head.delete_marker)
      return key_absent(bucket, key);
    return &found->second.front();
  }
  if (found == contents->objects.end()) return version_absent(bucket, key, version);
  for (Stored& stored : found->second) {
    const std::string& id = stored.head.version_id;
    if (id == version || (id.empty() && version == kNullVersion)) return &stored;
  }
  return version_absent(bucket, key, version);
}

std::string MemoryStore::add_version(Contents& contents, const ObjectKey& key, Stored stored) {
  contents.changes = ++sequence_;
  Versions& versions = contents.objects[*key];
  switch (contents.bucket.versioning) {
    case Versioning::kOff:
      versions.clear();
      break;
    case Versioning::kEnabled:
      stored.head.version_id = ids_.hex(32);
      break;
    case Versioning::kSuspended:
      stored.head.version_id = kNullVersion;
      std::erase_if(versions,
                    [](const Stored& each) { return each.head.version_id == kNullVersion; });
      break;
  }
  std::string id = stored.head.version_id;
  versions.insert(versions.begin(), std::move(stored));
  return id;
}

Result<Removed> MemoryStore::remove_one(Contents& contents, const Removal& removal) {
  const BucketName& bucket = contents.bucket.name;
  const Result<Stored*> found = find_stored(bucket, removal.key, removal.version);
  CLARY_RETURN_IF_ERROR(
      check_removal(removal, found.ok() ? std::optional((*found)->head) : std::nullopt));
  const bool keeps = contents.bucket.versioning != Versioning::kOff;
  if (removal.version.empty() && keeps) {
    Stored marker;
    marker.head.key = removal.key;
    marker.head.last_modified = clock_.now();
    marker.head.delete_marker = true;
    return Removed{add_version(contents, removal.key, std::move(marker)), true};
  }
  Removed out{keeps ? removal.version : std::string(), false};
  if (!found.ok()) return out;
  out.delete_marker = (*found)->head.delete_marker;
  contents.changes = ++sequence_;
  Versions& versions = contents.objects[*removal.key];
  versions.erase(versions.begin() + (*found - versions.data()));
  if (versions.empty()) contents.objects.erase(*removal.key);
  return out;
}

Result<std::vector<Result<Removed>>> MemoryStore::remove(const BucketName& bucket,
                                                         const std::vector<Removal>& removals) {
  MutexLock lock(mutex_);
  CLARY_TRY(Contents * contents, find(bucket));
  std::vector<Result<Removed>> out;
  for (const Removal& removal : removals) out.push_back(remove_one(*contents, removal));
  return out;
}

template <typename CursorOfObjects>
Result<ListPage> MemoryStore::read_page(const ListRequest& request) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Contents* contents, find(request.bucket));
  ListPage page;
  CursorOfObjects cursor(contents->objects, page.objects);
  CLARY_TRY(static_cast<PageEnd&>(page), collect_page(request, cursor));
  return page;
}

Result<ListPage> MemoryStore::list(const ListRequest& request) {
  return read_page<Cursor>(request);
}

Result<ListPage> MemoryStore::list_versions(const ListRequest& request) {
  return read_page<VersionCursor>(request);
}

Result<UploadPage> MemoryStore::list_uploads(const ListRequest& request) {
  MutexLock lock(mutex_);
  CLARY_TRY([[maybe_unused]] const Contents* contents, find(request.bucket));
  std::vector<PendingUpload> pending;
  for (const auto& [id, upload] : uploads_) {
    if (upload.request.bucket != request.bucket || upload.completed_etag) continue;
    pending.push_back({id, upload.request.key, upload.begun, upload.request.checksum_kind,
                       upload.request.composite_checksum});
  }
  UploadPage page;
  UploadCursor cursor(std::move(pending), page.uploads);
  CLARY_TRY(static_cast<PageEnd&>(page), collect_page(request, cursor));
  return page;
}

Result<PartPage> MemoryStore::list_parts(const PartListRequest& request) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Upload* upload, find_upload(request.bucket, request.key, request.upload));
  if (upload->completed_etag) return upload_absent(request.bucket, request.upload);
  std::vector<ObjectPart> parts;
  for (const auto& [number, part] : upload->parts) {
    parts.push_back({number, part.sums.size_bytes, part.sums.checksum, hex_encode(part.sums.md5),
                     part.modified});
  }
  return part_page(request, upload->request, std::move(parts));
}

Result<ObjectHead> MemoryStore::set_tags(const BucketName& bucket, const ObjectKey& key,
                                         const std::string& version, const Tags& tags) {
  MutexLock lock(mutex_);
  CLARY_TRY(Stored * stored, find_stored(bucket, key, version));
  if (!stored->head.delete_marker) stored->head.tags = tags;
  return stored->head;
}

}  // namespace clary::objects
