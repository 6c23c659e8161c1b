#include <utility>

#include "objects/index_rows.h"
#include "objects/metadata_text.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

using sqlite::Database;
using sqlite::Statement;

IndexedBucket read_bucket(const Statement& row) {
  IndexedBucket out;
  out.number = row.integer(0);
  out.bucket = {BucketName(row.text(1)), time_of(row.integer(2)), Region(row.text(3))};
  out.changes = static_cast<std::uint64_t>(row.integer(4));
  out.bucket.versioning = static_cast<Versioning>(row.integer(5));
  return out;
}

// Stores inline bytes, in the row of the former body where there is one. Nothing for an object with
// a file.
Result<std::optional<std::int64_t>> put_body(Database& database, const Present& present,
                                             const IndexedObject& object) {
  if (!object.file.empty()) {
    if (present.body) CLARY_RETURN_IF_ERROR(delete_body(database, *present.body));
    return std::optional<std::int64_t>();
  }
  if (present.body) {
    CLARY_TRY(Statement update, database.prepare("UPDATE bodies SET bytes = ?1 WHERE number = ?2"));
    CLARY_RETURN_IF_ERROR(update.bind_blob(object.inline_bytes).bind(*present.body).run());
    return present.body;
  }
  CLARY_TRY(Statement insert, database.prepare("INSERT INTO bodies(bytes) VALUES(?1)"));
  CLARY_RETURN_IF_ERROR(insert.bind_blob(object.inline_bytes).run());
  return std::optional(database.last_row_id());
}

void bind_prefix(Statement& rows, std::int64_t bucket, std::string_view prefix) {
  rows.bind(bucket).bind_blob(prefix);
  const std::string behind = after_prefix(prefix);
  behind.empty() ? rows.bind_null() : rows.bind_blob(behind);
}

// LIST wants only what a page shows; metadata is left to head().
class IndexCursor final : public RowCursor {
 public:
  IndexCursor(Statement rows, std::int64_t bucket, std::vector<ObjectHead>& out)
      : RowCursor(std::move(rows), bucket), out_(out) {}
  void take() override {
    ObjectHead& out = out_.emplace_back();
    out.key = ObjectKey(rows_.text(0));
    out.size_bytes = static_cast<std::uint64_t>(rows_.integer(1));
    out.etag = rows_.text(2);
    out.last_modified = time_of(rows_.integer(3));
    out.checksum = read_checksum(rows_, 4, 5);
  }

 private:
  std::vector<ObjectHead>& out_;
};

}  // namespace

Result<IndexedBucket> find_bucket_row(Database& database, const BucketName& name) {
  CLARY_TRY(Statement row, database.prepare("SELECT number, name, created, region, changes, "
                                            "versioning FROM buckets WHERE name = ?1"));
  row.bind(*name);
  CLARY_TRY(const bool there, row.step());
  if (!there) return bucket_absent(name);
  return read_bucket(row);
}

Result<std::vector<IndexedBucket>> bucket_rows(Database& database) {
  CLARY_TRY(
      Statement rows,
      database.prepare(
          "SELECT number, name, created, region, changes, versioning FROM buckets ORDER BY name"));
  std::vector<IndexedBucket> out;
  for (;;) {
    CLARY_TRY(const bool there, rows.step());
    if (!there) return out;
    out.push_back(read_bucket(rows));
  }
}

Status insert_bucket(Database& database, const Bucket& bucket) {
  // A bucket made again begins above every count that its forerunner can have shown.
  CLARY_RETURN_IF_ERROR(database.execute("UPDATE sequence SET last = last + 1"));
  CLARY_TRY(Statement insert,
            database.prepare("INSERT INTO buckets(name, created, region, changes) "
                             "VALUES(?1, ?2, ?3, (SELECT last FROM sequence))"));
  const Status inserted =
      insert.bind(*bucket.name).bind(microseconds(bucket.created)).bind(*bucket.region).run();
  if (!inserted.ok() && inserted.error().code == ErrorCode::kAlreadyExists) {
    return already_exists("bucket '" + *bucket.name + "': there already");
  }
  return inserted;
}

Status delete_bucket(Database& database, const BucketName& name, std::vector<std::string>& freed) {
  CLARY_TRY(const IndexedBucket bucket, find_bucket_row(database, name));
  {
    CLARY_TRY(Statement any, database.prepare("SELECT 1 FROM objects WHERE bucket = ?1 UNION ALL "
                                              "SELECT 1 FROM versions WHERE bucket = ?1 LIMIT 1"));
    any.bind(bucket.number);
    CLARY_TRY(const bool occupied, any.step());
    if (occupied) return conflict("bucket '" + *name + "': not empty");
  }
  std::vector<UploadId> uploads;
  {
    CLARY_TRY(Statement rows, database.prepare("SELECT id FROM uploads WHERE bucket = ?1"));
    rows.bind(bucket.number);
    for (;;) {
      CLARY_TRY(const bool there, rows.step());
      if (!there) break;
      uploads.emplace_back(rows.text(0));
    }
  }
  for (const UploadId& upload : uploads) {
    CLARY_RETURN_IF_ERROR(end_upload(database, upload, std::nullopt, freed));
  }
  CLARY_TRY(Statement remember, database.prepare("UPDATE sequence SET last = max(last, ?1)"));
  CLARY_RETURN_IF_ERROR(remember.bind(static_cast<std::int64_t>(bucket.changes)).run());
  CLARY_TRY(Statement erase, database.prepare("DELETE FROM buckets WHERE number = ?1"));
  return erase.bind(bucket.number).run();
}

namespace {

// One statement, hence one snapshot: bucket, object and body belong together.
// ?3: with its bytes. ?4: whatever its version; else ?5 is the version's id.
constexpr std::string_view kFindCurrent =
    "SELECT b.versioning, o.size, o.etag, o.modified, o.checksum_kind, o.checksum, o.crc32c, "
    "o.file, o.metadata, o.id, o.tags, o.parts, 0, o.changed, "
    "CASE WHEN ?3 THEN (SELECT bytes FROM bodies WHERE number = o.body) END "
    "FROM buckets b LEFT JOIN objects o ON o.bucket = b.number AND o.key = ?2 AND "
    "o.version = x'' AND (?4 OR o.id IS ?5) WHERE b.name = ?1";
// The same columns.
constexpr std::string_view kFindKept =
    "SELECT b.versioning, o.size, o.etag, o.modified, o.checksum_kind, o.checksum, o.crc32c, "
    "o.file, o.metadata, o.id, o.tags, o.parts, o.marker, o.changed, "
    "CASE WHEN ?3 THEN (SELECT bytes FROM bodies WHERE number = o.body) END "
    "FROM buckets b LEFT JOIN versions o ON o.bucket = b.number AND o.key = ?2 AND "
    "NOT ?4 AND o.id IS ?5 WHERE b.name = ?1";

// Nothing where the object is absent.
Result<std::optional<IndexedObject>> read_object(Statement& row, const BucketName& bucket,
                                                 const ObjectKey& key) {
  CLARY_TRY(const bool there, row.step());
  if (!there) return bucket_absent(bucket);
  if (row.is_null(13)) return std::optional<IndexedObject>();
  std::optional<IndexedObject> out(std::in_place);
  out->head.key = key;
  out->head.size_bytes = static_cast<std::uint64_t>(row.integer(1));
  out->head.etag = row.text(2);
  out->head.last_modified = time_of(row.integer(3));
  out->head.checksum = read_checksum(row, 4, 5);
  out->crc32c = row.text(6);
  out->file = row.text(7);
  CLARY_TRY(out->head.metadata, metadata_from_text(row.view(8)));
  out->head.version_id = shown_version(static_cast<Versioning>(row.integer(0)), row.text(9));
  CLARY_TRY(out->head.tags, tags_from_text(row.view(10)));
  CLARY_TRY(out->head.parts, parts_from_text(row.view(11)));
  out->head.delete_marker = row.integer(12) != 0;
  out->inline_bytes = row.text(14);
  return out;
}

}  // namespace

Result<IndexedObject> find_object(Database& database, const BucketName& bucket,
                                  const ObjectKey& key, const std::string& version, Bodies bodies) {
  for (const std::string_view sql : {kFindCurrent, kFindKept}) {
    CLARY_TRY(Statement row, database.prepare(sql));
    row.bind(*bucket).bind_blob(*key).bind(std::int64_t{bodies == Bodies::kWith});
    row.bind(std::int64_t{version.empty()});
    bind_text_or_null(row, version == kNullVersion ? "" : version);
    CLARY_TRY(std::optional<IndexedObject> found, read_object(row, bucket, key));
    if (found) return std::move(*found);
    if (version.empty()) return key_absent(bucket, key);
  }
  return version_absent(bucket, key, version);
}

Result<std::string> upsert_object(Database& database, const BucketName& bucket,
                                  const IndexedObject& object, const PutCondition& condition,
                                  std::vector<std::string>& freed) {
  CLARY_TRY(const IndexedBucket owner, find_bucket_row(database, bucket));
  CLARY_TRY(Present present, find_present(database, owner.number, object.head.key));
  CLARY_RETURN_IF_ERROR(check_condition(condition, present.etag));
  CLARY_TRY(present, make_place(database, owner, object.head.key, std::move(present), freed));
  CLARY_TRY(const std::optional<std::int64_t> body, put_body(database, present, object));
  CLARY_TRY(
      Statement put,
      database.prepare("INSERT OR REPLACE INTO objects(bucket, key, version, size, etag, modified, "
                       "changed, crc32c, checksum_kind, checksum, body, file, metadata, id, tags, "
                       "parts) VALUES(?1, ?2, x'', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                       "?13, ?14, ?15)"));
  put.bind(owner.number)
      .bind_blob(*object.head.key)
      .bind(static_cast<std::int64_t>(object.head.size_bytes));
  put.bind(object.head.etag).bind(microseconds(object.head.last_modified));
  put.bind(static_cast<std::int64_t>(owner.changes) + 1).bind_blob(object.crc32c);
  bind_checksum(put, object.head.checksum);
  put.bind(body);
  bind_text_or_null(put, object.file);
  bind_text_or_null(put, metadata_to_text(object.head.metadata));
  const std::string id = next_version_id(owner);
  bind_text_or_null(put, id);
  bind_text_or_null(put, tags_to_text(object.head.tags));
  bind_text_or_null(put, parts_to_text(object.head.parts));
  CLARY_RETURN_IF_ERROR(put.run());
  if (!present.file.empty() && present.file != object.file) freed.push_back(present.file);
  CLARY_RETURN_IF_ERROR(count_change(database, owner.number));
  return shown_version(owner.bucket.versioning, id);
}

Result<std::unique_ptr<KeyCursor>> open_cursor(Database& database, std::int64_t bucket,
                                               std::vector<ObjectHead>& out) {
  CLARY_TRY(Statement rows,
            database.prepare("SELECT key, size, etag, modified, checksum_kind, checksum FROM "
                             "objects WHERE bucket = ?1 AND key >= ?2 ORDER BY key, version"));
  return std::unique_ptr<KeyCursor>(std::make_unique<IndexCursor>(std::move(rows), bucket, out));
}

Result<PrefixState> find_prefix_state(Database& database, const BucketName& bucket,
                                      std::string_view prefix) {
  CLARY_TRY(const IndexedBucket owner, find_bucket_row(database, bucket));
  CLARY_TRY(Statement row,
            database.prepare("SELECT count(*), coalesce(max(changed), 0) FROM objects "
                             "WHERE bucket = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3)"));
  bind_prefix(row, owner.number, prefix);
  CLARY_TRY([[maybe_unused]] const bool there, row.step());
  return PrefixState{owner.number, owner.changes, static_cast<std::uint64_t>(row.integer(0)),
                     static_cast<std::uint64_t>(row.integer(1))};
}

Status visit_objects(Database& database, std::int64_t bucket, std::string_view prefix,
                     const std::function<Status(const IndexedObject&)>& visit) {
  CLARY_TRY(Statement row,
            database.prepare("SELECT key, size, crc32c, file, "
                             "(SELECT bytes FROM bodies WHERE number = body) FROM objects "
                             "WHERE bucket = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3)"));
  bind_prefix(row, bucket, prefix);
  IndexedObject object;
  for (;;) {
    CLARY_TRY(const bool there, row.step());
    if (!there) return {};
    object.head.key = ObjectKey(row.text(0));
    object.head.size_bytes = static_cast<std::uint64_t>(row.integer(1));
    object.crc32c = row.view(2);
    object.file = row.view(3);
    object.inline_bytes = row.view(4);
    CLARY_RETURN_IF_ERROR(visit(object));
  }
}

Result<IndexCounts> index_counts(Database& database) {
  IndexCounts counts;
  for (const auto& [sql, count] :
       {std::pair{"SELECT count(*), sum(size) FROM objects", &counts.objects},
        {"SELECT count(*), sum(size) FROM versions WHERE marker = 0", &counts.versions},
        {"SELECT count(*), sum(size) FROM parts", &counts.parts}}) {
    CLARY_TRY(Statement row, database.prepare(sql));
    CLARY_TRY([[maybe_unused]] const bool there, row.step());
    *count = static_cast<std::uint64_t>(row.integer(0));
    counts.bytes += static_cast<std::uint64_t>(row.integer(1));
  }
  return counts;
}

Result<std::vector<std::string>> referenced_files(Database& database) {
  // Each once: the upload's own file is many parts'.
  CLARY_TRY(Statement rows, database.prepare("SELECT file FROM objects WHERE file IS NOT NULL "
                                             "UNION ALL SELECT file FROM versions WHERE file IS "
                                             "NOT NULL UNION ALL SELECT file FROM parts WHERE file "
                                             "<> upload UNION ALL SELECT id FROM uploads WHERE "
                                             "part_bytes IS NOT NULL"));
  std::vector<std::string> out;
  for (;;) {
    CLARY_TRY(const bool there, rows.step());
    if (!there) return out;
    out.push_back(rows.text(0));
  }
}

}  // namespace clary::objects
