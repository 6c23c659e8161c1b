// The rows of a DirectoryStore's index (docs/formats/objects.md) and the statements on them.
// Functions on a connection; those that change rows run inside a CommitQueue change.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sqlite.h"
#include "objects/body_digests.h"
#include "objects/bucket_settings.h"
#include "objects/list_walk.h"
#include "objects/object_store.h"

namespace clary::objects {

// Each brings the format one further.
std::span<const std::string_view> index_migrations();

struct IndexedBucket {
  std::int64_t number = 0;
  Bucket bucket;
  std::uint64_t changes = 0;
};

// Exactly one of `file` and `inline_bytes` holds the body.
struct IndexedObject {
  ObjectHead head;
  std::string crc32c;  // raw
  std::string file;    // name of a body file, or ""
  std::string inline_bytes;
};

struct IndexedUpload {
  std::int64_t bucket = 0;
  MultipartRequest request;
  std::optional<std::string> completed_etag;
  // What the places in the upload's own file are apart; 0: it has none. The file's name is the
  // upload's id.
  std::uint64_t part_bytes = 0;
};
struct IndexedPart {
  int number = 0;
  PartSums sums;
  std::string file;  // the upload's own, or one with nothing else in it
  TimePoint modified;
  std::uint64_t first_byte = 0;  // in the file
};

Result<IndexedBucket> find_bucket_row(sqlite::Database& database, const BucketName& name);
Result<std::vector<IndexedBucket>> bucket_rows(sqlite::Database& database);
Status insert_bucket(sqlite::Database& database, const Bucket& bucket);
// Conflict when it holds objects. `freed` gets the files of its unfinished uploads.
Status delete_bucket(sqlite::Database& database, const BucketName& name,
                     std::vector<std::string>& freed);

// Nothing: removes the setting. NotFound: no such bucket.
Status put_setting(sqlite::Database& database, const BucketName& bucket, SettingKind kind,
                   const std::optional<std::string>& text);
Status load_settings(sqlite::Database& database, SettingTexts& into);

// Most bytes that a bucket may hold: objects, versions and parts together.
using BucketQuotas = std::map<BucketName, std::uint64_t>;
// Holds the buckets that are there to these quotas from now on, and no other bucket to any.
// Cost: for a bucket that had none, one step per object.
Status apply_quotas(sqlite::Database& database, const BucketQuotas& quotas);
// How far the buckets are above their quotas, together.
Result<std::int64_t> quota_excess(sqlite::Database& database);
// The sentence about a bucket that is above its quota.
Error quota_reached(sqlite::Database& database);

enum class Bodies { kWith, kWithout };  // whether inline bytes are read too
// version "": the current object. kNullVersion or an id: that version, which may be a delete
// marker.
Result<IndexedObject> find_object(sqlite::Database& database, const BucketName& bucket,
                                  const ObjectKey& key, const std::string& version, Bodies bodies);
// Puts the row, counts the change; what stood there is kept where the bucket keeps versions, else
// `freed` gets its file. The version's id, as clients see it.
Result<std::string> upsert_object(sqlite::Database& database, const BucketName& bucket,
                                  const IndexedObject& object, const PutCondition& condition,
                                  std::vector<std::string>& freed);
Result<Removed> remove_object(sqlite::Database& database, const BucketName& bucket,
                              const Removal& removal, TimePoint now,
                              std::vector<std::string>& freed);
Status update_versioning(sqlite::Database& database, const BucketName& name, Versioning versioning);
// Precondition: the version is there.
Status update_tags(sqlite::Database& database, std::int64_t bucket, const ObjectKey& key,
                   const std::string& version, const Tags& tags);

// What stands under a prefix at one moment. Two equal states show equal contents: every put takes a
// new, greater number, and every removal that is not followed by a put lowers the count.
struct PrefixState {
  std::int64_t bucket = 0;
  std::uint64_t bucket_changes = 0;
  std::uint64_t objects = 0;
  std::uint64_t last_change = 0;  // the greatest of the objects' change numbers
};
// Cost: one step per key.
Result<PrefixState> find_prefix_state(sqlite::Database& database, const BucketName& bucket,
                                      std::string_view prefix);
// Every object under the prefix, in byte order; of the head only key and size.
Status visit_objects(sqlite::Database& database, std::int64_t bucket, std::string_view prefix,
                     const std::function<Status(const IndexedObject&)>& visit);

// Cursors over one bucket's objects, versions, uploads; what they take goes to `out`, which, like
// the connection, outlives them.
Result<std::unique_ptr<KeyCursor>> open_cursor(sqlite::Database& database, std::int64_t bucket,
                                               std::vector<ObjectHead>& out);
Result<std::unique_ptr<KeyCursor>> open_version_cursor(sqlite::Database& database,
                                                       std::int64_t bucket,
                                                       std::vector<ObjectHead>& out);
Result<std::unique_ptr<KeyCursor>> open_upload_cursor(sqlite::Database& database,
                                                      std::int64_t bucket,
                                                      std::vector<PendingUpload>& out);

Status insert_upload(sqlite::Database& database, const UploadId& id,
                     const MultipartRequest& request, TimePoint now);
Result<IndexedUpload> find_upload_row(sqlite::Database& database, const BucketName& bucket,
                                      const ObjectKey& key, const UploadId& id);
Result<std::vector<IndexedPart>> part_rows(sqlite::Database& database, const UploadId& id);
Result<bool> has_part(sqlite::Database& database, const UploadId& id, int number);
// Gives the upload a file of its own with places so far apart, unless it has one.
Status begin_upload_file(sqlite::Database& database, const UploadId& id, std::uint64_t part_bytes);
Status upsert_part(sqlite::Database& database, const UploadId& id, const IndexedPart& part,
                   std::vector<std::string>& freed);
// Deletes the parts; `freed` gets their files, the upload's own too. completed_etag: kept with the
// upload, so that completing again is answered; absent: the upload goes.
Status end_upload(sqlite::Database& database, const UploadId& id,
                  const std::optional<std::string>& completed_etag,
                  std::vector<std::string>& freed);
// Forgets uploads that were completed and begun before `before`.
Status forget_completed_uploads(sqlite::Database& database, TimePoint before);

struct IndexCounts {
  std::uint64_t objects = 0;  // current ones
  std::uint64_t versions = 0;
  std::uint64_t parts = 0;  // of unfinished uploads
  std::uint64_t bytes = 0;  // of all of them
};
Result<IndexCounts> index_counts(sqlite::Database& database);

// Every body file that a row names.
Result<std::vector<std::string>> referenced_files(sqlite::Database& database);

}  // namespace clary::objects
