// Versions in the index: `objects` holds the current, visible object of a key, `versions` the
// others and the delete markers. docs/formats/objects.md
#include <chrono>
#include <utility>

#include "base/text_encoding.h"
#include "objects/index_rows.h"
#include "objects/metadata_text.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

using sqlite::Database;
using sqlite::Statement;

// A row of `versions`, as far as its removal needs it.
struct Kept {
  std::int64_t changed = 0;
  bool marker = false;
  std::optional<std::int64_t> body;
  std::string file;
  ObjectHead head;  // what a condition may ask about
};

// id "": the null version.
Result<std::optional<Kept>> find_kept(Database& database, std::int64_t bucket, const ObjectKey& key,
                                      const std::string& id) {
  CLARY_TRY(Statement row,
            database.prepare("SELECT changed, marker, body, file, etag, size, modified FROM "
                             "versions WHERE bucket = ?1 AND key = ?2 AND id IS ?3"));
  row.bind(bucket).bind_blob(*key);
  bind_text_or_null(row, id);
  CLARY_TRY(const bool there, row.step());
  if (!there) return std::optional<Kept>();
  Kept out{row.integer(0), row.integer(1) != 0, std::nullopt, row.text(3), {}};
  if (!row.is_null(2)) out.body = row.integer(2);
  out.head.etag = row.text(4);
  out.head.size_bytes = static_cast<std::uint64_t>(row.integer(5));
  out.head.last_modified = time_of(row.integer(6));
  return std::optional(std::move(out));
}

Status drop_kept(Database& database, std::int64_t bucket, const ObjectKey& key, const Kept& kept,
                 std::vector<std::string>& freed) {
  if (kept.body) CLARY_RETURN_IF_ERROR(delete_body(database, *kept.body));
  if (!kept.file.empty()) freed.push_back(kept.file);
  CLARY_TRY(Statement erase, database.prepare("DELETE FROM versions WHERE bucket = ?1 AND "
                                              "key = ?2 AND changed = ?3"));
  return erase.bind(bucket).bind_blob(*key).bind(kept.changed).run();
}

Status drop_null_version(Database& database, std::int64_t bucket, const ObjectKey& key,
                         std::vector<std::string>& freed) {
  CLARY_TRY(const std::optional<Kept> kept, find_kept(database, bucket, key, ""));
  return kept ? drop_kept(database, bucket, key, *kept, freed) : Status();
}

Status insert_marker(Database& database, const IndexedBucket& bucket, const ObjectKey& key,
                     TimePoint now) {
  CLARY_TRY(Statement insert,
            database.prepare("INSERT INTO versions(bucket, key, changed, id, marker, modified) "
                             "VALUES(?1, ?2, ?3, ?4, 1, ?5)"));
  insert.bind(bucket.number).bind_blob(*key).bind(static_cast<std::int64_t>(bucket.changes) + 1);
  bind_text_or_null(insert, next_version_id(bucket));
  return insert.bind(microseconds(now)).run();
}

// After the current object or a delete marker went: the newest of what is left becomes current,
// unless it is a marker. It takes a new change number, so that no two different contents of a
// prefix look alike (PrefixState).
Status promote_newest(Database& database, const IndexedBucket& bucket, const ObjectKey& key) {
  std::int64_t newest = 0;
  {
    CLARY_TRY(Statement row,
              database.prepare("SELECT changed, marker FROM versions WHERE bucket = ?1 AND "
                               "key = ?2 ORDER BY changed DESC LIMIT 1"));
    row.bind(bucket.number).bind_blob(*key);
    CLARY_TRY(const bool there, row.step());
    if (!there || row.integer(1) != 0) return {};
    newest = row.integer(0);
  }
  CLARY_TRY(Statement promote,
            database.prepare("INSERT INTO objects(bucket, key, version, size, etag, modified, "
                             "changed, crc32c, checksum_kind, checksum, body, file, metadata, id, "
                             "tags, parts) SELECT bucket, key, x'', size, etag, modified, ?4, "
                             "crc32c, checksum_kind, checksum, body, file, metadata, id, tags, "
                             "parts FROM versions WHERE bucket = ?1 AND key = ?2 AND "
                             "changed = ?3"));
  promote.bind(bucket.number).bind_blob(*key).bind(newest);
  CLARY_RETURN_IF_ERROR(promote.bind(static_cast<std::int64_t>(bucket.changes) + 1).run());
  CLARY_TRY(Statement erase, database.prepare("DELETE FROM versions WHERE bucket = ?1 AND "
                                              "key = ?2 AND changed = ?3"));
  return erase.bind(bucket.number).bind_blob(*key).bind(newest).run();
}

std::optional<ObjectHead> head_of(const Present& present) {
  if (!present.etag) return std::nullopt;
  ObjectHead out;
  out.etag = *present.etag;
  out.size_bytes = present.size_bytes;
  out.last_modified = present.modified;
  return out;
}

Result<Removed> remove_version(Database& database, const IndexedBucket& bucket,
                               const Removal& removal, const Present& present,
                               std::vector<std::string>& freed) {
  const std::string id = removal.version == kNullVersion ? "" : removal.version;
  Removed out{shown_version(bucket.bucket.versioning, id), false};
  if (present.etag && present.id == id) {
    CLARY_RETURN_IF_ERROR(check_removal(removal, head_of(present)));
    CLARY_RETURN_IF_ERROR(drop_present(database, bucket.number, removal.key, present, freed));
  } else {
    CLARY_TRY(const std::optional<Kept> kept, find_kept(database, bucket.number, removal.key, id));
    CLARY_RETURN_IF_ERROR(check_removal(removal, kept ? std::optional(kept->head) : std::nullopt));
    if (!kept) return out;
    out.delete_marker = kept->marker;
    CLARY_RETURN_IF_ERROR(drop_kept(database, bucket.number, removal.key, *kept, freed));
    if (present.etag) {
      CLARY_RETURN_IF_ERROR(count_change(database, bucket.number));
      return out;
    }
  }
  CLARY_RETURN_IF_ERROR(promote_newest(database, bucket, removal.key));
  CLARY_RETURN_IF_ERROR(count_change(database, bucket.number));
  return out;
}

// Both tables as one, newest first within a key. SQLite merges the two, so a page costs its length.
constexpr std::string_view kAllVersions =
    "SELECT key, changed, id, 0, size, etag, modified, checksum_kind, checksum, 1 FROM objects "
    "WHERE bucket = ?1 AND key >= ?2 UNION ALL "
    "SELECT key, changed, id, marker, size, etag, modified, checksum_kind, checksum, 0 "
    "FROM versions WHERE bucket = ?1 AND key >= ?2 ORDER BY 1, 2 DESC";

class VersionCursor final : public RowCursor {
 public:
  VersionCursor(Statement rows, std::int64_t bucket, std::vector<ObjectHead>& out)
      : RowCursor(std::move(rows), bucket), out_(out) {}
  Result<bool> seek(std::string_view key) override {
    former_key_.clear();
    return RowCursor::seek(key);
  }
  Result<bool> next() override {
    former_key_ = rows_.text(0);
    return RowCursor::next();
  }
  std::string id() const override {
    return rows_.is_null(2) ? std::string(kNullVersion) : rows_.text(2);
  }
  void take() override {
    ObjectHead& head = out_.emplace_back();
    head.key = ObjectKey(rows_.text(0));
    head.version_id = id();
    head.delete_marker = rows_.integer(3) != 0;
    head.size_bytes = static_cast<std::uint64_t>(rows_.integer(4));
    head.etag = rows_.text(5);
    head.last_modified = time_of(rows_.integer(6));
    head.checksum = read_checksum(rows_, 7, 8);
    // A marker is the newest of its key when it comes first: then there is no current object.
    head.latest = rows_.integer(9) != 0 || (head.delete_marker && former_key_ != *head.key);
  }

 private:
  std::vector<ObjectHead>& out_;
  std::string former_key_;
};

}  // namespace

std::string next_version_id(const IndexedBucket& bucket) {
  if (bucket.bucket.versioning != Versioning::kEnabled) return "";
  // Unique in the bucket, whatever its name held before: `changes` never returns.
  std::string raw;
  for (int shift = 56; shift >= 0; shift -= 8) {
    raw += static_cast<char>(static_cast<std::uint64_t>(bucket.number) >> shift);
  }
  for (int shift = 56; shift >= 0; shift -= 8) {
    raw += static_cast<char>((bucket.changes + 1) >> shift);
  }
  return hex_encode(digest(DigestKind::kMd5, raw));
}

std::string shown_version(Versioning versioning, std::string id) {
  if (!id.empty()) return id;
  return versioning == Versioning::kOff ? std::string() : std::string(kNullVersion);
}

Result<Present> make_place(Database& database, const IndexedBucket& bucket, const ObjectKey& key,
                           Present present, std::vector<std::string>& freed) {
  const Versioning versioning = bucket.bucket.versioning;
  if (versioning == Versioning::kOff) return present;
  if (versioning == Versioning::kSuspended && present.etag && present.id.empty()) return present;
  if (versioning == Versioning::kSuspended) {
    CLARY_RETURN_IF_ERROR(drop_null_version(database, bucket.number, key, freed));
  }
  if (!present.etag) return present;
  CLARY_TRY(Statement keep,
            database.prepare("INSERT INTO versions(bucket, key, changed, id, marker, size, etag, "
                             "modified, crc32c, checksum_kind, checksum, body, file, metadata, "
                             "tags, parts) SELECT bucket, key, changed, id, 0, size, etag, "
                             "modified, crc32c, checksum_kind, checksum, body, file, metadata, "
                             "tags, parts FROM objects WHERE bucket = ?1 AND key = ?2 AND "
                             "version = x''"));
  CLARY_RETURN_IF_ERROR(keep.bind(bucket.number).bind_blob(*key).run());
  CLARY_TRY(Statement erase, database.prepare("DELETE FROM objects WHERE bucket = ?1 AND "
                                              "key = ?2 AND version = x''"));
  CLARY_RETURN_IF_ERROR(erase.bind(bucket.number).bind_blob(*key).run());
  return Present{};
}

Result<Removed> remove_object(Database& database, const BucketName& name, const Removal& removal,
                              TimePoint now, std::vector<std::string>& freed) {
  CLARY_TRY(const IndexedBucket bucket, find_bucket_row(database, name));
  CLARY_TRY(Present present, find_present(database, bucket.number, removal.key));
  if (!removal.version.empty()) return remove_version(database, bucket, removal, present, freed);
  CLARY_RETURN_IF_ERROR(check_removal(removal, head_of(present)));
  if (bucket.bucket.versioning == Versioning::kOff && !present.etag) return Removed{};
  CLARY_TRY(present, make_place(database, bucket, removal.key, std::move(present), freed));
  if (present.etag) {
    CLARY_RETURN_IF_ERROR(drop_present(database, bucket.number, removal.key, present, freed));
  }
  Removed out;
  if (bucket.bucket.versioning != Versioning::kOff) {
    CLARY_RETURN_IF_ERROR(insert_marker(database, bucket, removal.key, now));
    out = {shown_version(bucket.bucket.versioning, next_version_id(bucket)), true};
  }
  CLARY_RETURN_IF_ERROR(count_change(database, bucket.number));
  return out;
}

Status update_versioning(Database& database, const BucketName& name, Versioning versioning) {
  CLARY_RETURN_IF_ERROR(check_versioning(name, versioning));
  CLARY_TRY(const IndexedBucket bucket, find_bucket_row(database, name));
  CLARY_TRY(Statement update,
            database.prepare("UPDATE buckets SET versioning = ?2 WHERE number = ?1"));
  return update.bind(bucket.number).bind(static_cast<std::int64_t>(versioning)).run();
}

Result<std::unique_ptr<KeyCursor>> open_version_cursor(Database& database, std::int64_t bucket,
                                                       std::vector<ObjectHead>& out) {
  CLARY_TRY(Statement rows, database.prepare(kAllVersions));
  return std::unique_ptr<KeyCursor>(std::make_unique<VersionCursor>(std::move(rows), bucket, out));
}

Status update_tags(Database& database, std::int64_t bucket, const ObjectKey& key,
                   const std::string& version, const Tags& tags) {
  const std::string text = tags_to_text(tags);
  const std::string id = version == kNullVersion ? "" : version;
  {
    // The current object, when it is meant by no version or is that version.
    CLARY_TRY(Statement update,
              database.prepare("UPDATE objects SET tags = ?3 WHERE bucket = ?1 AND key = ?2 AND "
                               "version = x'' AND (?4 OR id IS ?5)"));
    update.bind(bucket).bind_blob(*key);
    bind_text_or_null(update, text);
    update.bind(std::int64_t{version.empty()});
    bind_text_or_null(update, id);
    CLARY_RETURN_IF_ERROR(update.run());
  }
  if (version.empty()) return {};
  CLARY_TRY(Statement update,
            database.prepare("UPDATE versions SET tags = ?3 WHERE bucket = ?1 AND key = ?2 AND "
                             "id IS ?4 AND marker = 0"));
  update.bind(bucket).bind_blob(*key);
  bind_text_or_null(update, text);
  bind_text_or_null(update, id);
  return update.run();
}

}  // namespace clary::objects
