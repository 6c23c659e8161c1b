#include <utility>

#include "base/text_encoding.h"
#include "objects/index_rows.h"
#include "objects/metadata_text.h"
#include "objects/store_rules.h"

namespace clary::objects {

using sqlite::Database;
using sqlite::Statement;

namespace {

class UploadCursor final : public RowCursor {
 public:
  UploadCursor(Statement rows, std::int64_t bucket, std::vector<PendingUpload>& out)
      : RowCursor(std::move(rows), bucket), out_(out) {}
  std::string id() const override { return rows_.text(1); }
  void take() override {
    PendingUpload& upload = out_.emplace_back();
    upload.id = UploadId(rows_.text(1));
    upload.key = ObjectKey(rows_.text(0));
    upload.begun = time_of(rows_.integer(2));
    if (!rows_.is_null(3)) upload.checksum_kind = static_cast<DigestKind>(rows_.integer(3));
    upload.composite_checksum = rows_.integer(4) != 0;
  }

 private:
  std::vector<PendingUpload>& out_;
};

}  // namespace

Result<std::unique_ptr<KeyCursor>> open_upload_cursor(Database& database, std::int64_t bucket,
                                                      std::vector<PendingUpload>& out) {
  CLARY_TRY(Statement rows,
            database.prepare("SELECT key, id, begun, checksum_kind, composite FROM uploads WHERE "
                             "bucket = ?1 AND key >= ?2 AND completed_etag IS NULL ORDER BY key, "
                             "begun, id"));
  return std::unique_ptr<KeyCursor>(std::make_unique<UploadCursor>(std::move(rows), bucket, out));
}

Status insert_upload(Database& database, const UploadId& id, const MultipartRequest& request,
                     TimePoint now) {
  CLARY_TRY(const IndexedBucket bucket, find_bucket_row(database, request.bucket));
  CLARY_TRY(Statement insert,
            database.prepare(
                "INSERT INTO uploads(id, bucket, key, begun, checksum_kind, composite, metadata, "
                "tags) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  insert.bind(*id).bind(bucket.number).bind_blob(*request.key).bind(microseconds(now));
  request.checksum_kind ? insert.bind(static_cast<std::int64_t>(*request.checksum_kind))
                        : insert.bind_null();
  insert.bind(std::int64_t{request.composite_checksum}).bind(metadata_to_text(request.metadata));
  bind_text_or_null(insert, tags_to_text(request.tags));
  return insert.run();
}

Result<IndexedUpload> find_upload_row(Database& database, const BucketName& bucket,
                                      const ObjectKey& key, const UploadId& id) {
  CLARY_TRY(const IndexedBucket owner, find_bucket_row(database, bucket));
  CLARY_TRY(Statement row,
            database.prepare("SELECT checksum_kind, composite, metadata, completed_etag, tags, "
                             "part_bytes FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3"));
  row.bind(*id).bind(owner.number).bind_blob(*key);
  CLARY_TRY(const bool there, row.step());
  if (!there) return upload_absent(bucket, id);
  IndexedUpload out;
  out.bucket = owner.number;
  out.request.bucket = bucket;
  out.request.key = key;
  if (!row.is_null(0)) out.request.checksum_kind = static_cast<DigestKind>(row.integer(0));
  out.request.composite_checksum = row.integer(1) != 0;
  CLARY_TRY(out.request.metadata, metadata_from_text(row.view(2)));
  if (!row.is_null(3)) out.completed_etag = row.text(3);
  CLARY_TRY(out.request.tags, tags_from_text(row.view(4)));
  out.part_bytes = static_cast<std::uint64_t>(row.integer(5));
  return out;
}

Result<std::vector<IndexedPart>> part_rows(Database& database, const UploadId& id) {
  CLARY_TRY(Statement rows,
            database.prepare(
                "SELECT number, size, md5, crc32c, checksum_kind, checksum, file, modified, "
                "crc64nvme, CASE WHEN file = upload THEN (number - 1) * (SELECT part_bytes FROM "
                "uploads WHERE id = upload) END FROM parts WHERE upload = ?1 ORDER BY number"));
  rows.bind(*id);
  std::vector<IndexedPart> out;
  for (;;) {
    CLARY_TRY(const bool there, rows.step());
    if (!there) return out;
    IndexedPart part;
    part.number = static_cast<int>(rows.integer(0));
    part.sums = {rows.text(2), rows.text(3), static_cast<std::uint64_t>(rows.integer(1)),
                 read_checksum(rows, 4, 5), rows.text(8)};
    part.file = rows.text(6);
    part.modified = time_of(rows.integer(7));
    part.first_byte = static_cast<std::uint64_t>(rows.integer(9));
    out.push_back(std::move(part));
  }
}

Result<bool> has_part(Database& database, const UploadId& id, int number) {
  CLARY_TRY(Statement find,
            database.prepare("SELECT 1 FROM parts WHERE upload = ?1 AND number = ?2"));
  find.bind(*id).bind(std::int64_t{number});
  return find.step();
}

Status begin_upload_file(Database& database, const UploadId& id, std::uint64_t part_bytes) {
  CLARY_TRY(Statement begin, database.prepare("UPDATE uploads SET part_bytes = ?2 WHERE id = ?1 "
                                              "AND part_bytes IS NULL"));
  return begin.bind(*id).bind(static_cast<std::int64_t>(part_bytes)).run();
}

Status upsert_part(Database& database, const UploadId& id, const IndexedPart& part,
                   std::vector<std::string>& freed) {
  {
    CLARY_TRY(Statement former,
              database.prepare("SELECT file FROM parts WHERE upload = ?1 AND number = ?2"));
    former.bind(*id).bind(std::int64_t{part.number});
    CLARY_TRY(const bool there, former.step());
    if (there && former.text(0) != *id) freed.push_back(former.text(0));
  }
  CLARY_TRY(Statement put,
            database.prepare(
                "INSERT OR REPLACE INTO parts(upload, number, size, md5, crc32c, "
                "checksum_kind, checksum, file, modified, crc64nvme) VALUES(?1, ?2, ?3, ?4, ?5, "
                "?6, ?7, ?8, ?9, ?10)"));
  put.bind(*id)
      .bind(std::int64_t{part.number})
      .bind(static_cast<std::int64_t>(part.sums.size_bytes));
  put.bind_blob(part.sums.md5).bind_blob(part.sums.crc32c);
  bind_checksum(put, part.sums.checksum);
  put.bind(part.file).bind(microseconds(part.modified));
  if (part.sums.crc64nvme.empty()) return put.bind_null().run();
  return put.bind_blob(part.sums.crc64nvme).run();
}

Status end_upload(Database& database, const UploadId& id,
                  const std::optional<std::string>& completed_etag,
                  std::vector<std::string>& freed) {
  CLARY_TRY(const std::vector<IndexedPart> parts, part_rows(database, id));
  for (const IndexedPart& part : parts) {
    if (part.file != *id) freed.push_back(part.file);
  }
  freed.push_back(*id);  // the upload's own, where there is one
  CLARY_TRY(Statement erase, database.prepare("DELETE FROM parts WHERE upload = ?1"));
  CLARY_RETURN_IF_ERROR(erase.bind(*id).run());
  if (completed_etag) {
    CLARY_TRY(Statement mark,
              database.prepare("UPDATE uploads SET completed_etag = ?2, part_bytes = NULL "
                               "WHERE id = ?1"));
    return mark.bind(*id).bind(*completed_etag).run();
  }
  CLARY_TRY(Statement forget, database.prepare("DELETE FROM uploads WHERE id = ?1"));
  return forget.bind(*id).run();
}

Status forget_completed_uploads(Database& database, TimePoint before) {
  CLARY_TRY(
      Statement erase,
      database.prepare("DELETE FROM uploads WHERE completed_etag IS NOT NULL AND begun < ?1"));
  return erase.bind(microseconds(before)).run();
}

}  // namespace clary::objects
