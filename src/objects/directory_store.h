// An ObjectStore in a folder: what `clary serve` uses. Format: docs/formats/objects.md.
//
// The index is SQLite; small bodies stand in it, larger ones are files. What finish() or
// complete_upload() has answered survives a power cut. Writers share commits; readers never wait
// for a writer. Thread-safe. One process per folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/commit_queue.h"
#include "base/fd.h"
#include "base/id_source.h"
#include "base/mutex.h"
#include "base/sqlite.h"
#include "base/thread_pool.h"
#include "objects/body_files.h"
#include "objects/body_writer.h"
#include "objects/bucket_settings.h"
#include "objects/object_index.h"
#include "objects/object_store.h"
#include "objects/part_claims.h"
#include "objects/prefix_watch.h"
#include "objects/served_store.h"

namespace clary::objects {

struct DirectoryOptions {
  std::size_t inline_bytes = 16 << 10;  // bodies up to this size stand in the index
  std::uint64_t min_part_bytes = kMinPartBytes;
  // Of the disk, kept from bodies: so that what is to be removed can be removed from a full one.
  std::uint64_t reserved_bytes = 0;
  BucketQuotas quotas = {};  // what would go beyond fails with LimitExceeded (store_rules.h)
};

class DirectoryStore final : public ServedStore {
 public:
  // Makes the folder when it is missing. clock and ids outlive the store.
  // Conflict: another process has it open. Unsupported: a newer release wrote it.
  static Result<std::unique_ptr<DirectoryStore>> open(const std::string& root, const Clock& clock,
                                                      IdSource& ids, DirectoryOptions options = {});
  ~DirectoryStore() override;

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
  // Links to the body file; the bytes are read only where a digest of them is not known.
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
  Result<std::uint64_t> change_counter(const BucketName& bucket) override;
  SettingText setting(const BucketName& bucket, SettingKind kind) override;
  Status set_setting(const BucketName& bucket, SettingKind kind,
                     const std::optional<std::string>& text) override;

  // For views of a bucket (channel_view.h). The number is never another bucket's.
  Result<std::int64_t> bucket_number(const BucketName& bucket);
  std::shared_ptr<const PrefixWatch> watch(std::int64_t bucket, std::string_view prefix) {
    return watches_->add(bucket, std::string(prefix));
  }
  Result<PrefixState> prefix_state(const BucketName& bucket, std::string_view prefix);
  // All objects under the prefix as they are at one moment, and the state of that moment. Not for
  // long work: the index cannot shrink its log meanwhile.
  Result<PrefixState> visit(const BucketName& bucket, std::string_view prefix,
                            const std::function<Status(const IndexedObject&)>& visit);
  // Where the body file of an IndexedObject is. A hard link to it stays good when the object is
  // replaced or removed.
  std::string body_path(const std::string& file) const { return files_.path_of(file); }

 private:
  DirectoryStore(std::string root, const Clock& clock, IdSource& ids, DirectoryOptions options,
                 Fd lock, std::unique_ptr<sqlite::Database> database,
                 std::unique_ptr<PrefixWatches> watches);
  // change adds the names of files that nothing refers to any more; they are removed after the
  // commit.
  Status commit(
      const std::function<Status(sqlite::Database&, std::vector<std::string>& freed)>& change);
  Status within_quotas(sqlite::Database& database, const std::function<Status()>& change) const;
  Result<IndexedObject> find_stored(const BucketName& bucket, const ObjectKey& key,
                                    const std::string& version);
  BodyPlace place_of_bodies(std::size_t most_in_memory);
  // The file of a body that `keep` does not take is abandoned.
  std::unique_ptr<ObjectWriter> make_writer(const PutRequest& request, std::size_t most_in_memory,
                                            KeepBody keep);
  // Removes a sealed file whose row was not committed; where a commit's outcome is unknown, leaves
  // it to the next open.
  void abandon(const std::string& file, const Error& reason);
  // Commits the row of a put; row.head.version_id is made.
  Result<ObjectHead> keep(const PutRequest& request, IndexedObject row);
  Result<std::uint64_t> begin_file(const PutRequest& request, const UploadId& upload,
                                   std::uint64_t part_bytes);
  using PartPlace = std::optional<BodyFiles::Temporary>;
  Result<PartPlace> find_place(const PutRequest& request, const UploadId& upload, int number,
                               const IndexedUpload& row);
  Result<ObjectHead> keep_part(const PutRequest& request, const UploadId& upload, int number,
                               WrittenBody body);
  Result<ObjectHead> completed_before(const CompleteRequest& request, const std::string& etag);

  std::string root_;
  const Clock& clock_;
  IdSource& ids_;
  DirectoryOptions options_;
  Fd lock_;
  std::atomic<bool> left_strays_ = false;
  BodyFiles files_;
  PartClaims claims_;
  ThreadPool digesting_;  // digests of bodies, beside the threads that write them
  std::unique_ptr<PrefixWatches> watches_;
  sqlite::Readers readers_;
  // Held while settings are committed and then shown, so that both happen in one order.
  Mutex settings_change_;
  SettingTexts settings_;
  sqlite::CommitQueue commits_;
};

}  // namespace clary::objects
