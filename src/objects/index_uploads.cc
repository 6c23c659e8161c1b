#include <utility>

#include "base/text_encoding.h"
#include "objects/metadata_text.h"
#include "objects/object_index.h"
#include "objects/store_rules.h"

namespace clary::objects {

using sqlite::Database;
using sqlite::Statement;

Status insert_upload(Database& database, const UploadId& id, const MultipartRequest& request,
                     TimePoint now) {
  CLARY_TRY(const IndexedBucket bucket, find_bucket_row(database, request.bucket));
  CLARY_TRY(Statement insert,
            database.prepare(
                "INSERT INTO uploads(id, bucket, key, begun, checksum_kind, composite, metadata) "
                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  insert.bind(*id).bind(bucket.number).bind_blob(*request.key).bind(now.time_since_epoch().count());
  request.checksum_kind ? insert.bind(static_cast<std::int64_t>(*request.checksum_kind))
                        : insert.bind_null();
  insert.bind(std::int64_t{request.composite_checksum}).bind(metadata_to_text(request.metadata));
  return insert.run();
}

Result<IndexedUpload> find_upload_row(Database& database, const BucketName& bucket,
                                      const ObjectKey& key, const UploadId& id) {
  CLARY_TRY(const IndexedBucket owner, find_bucket_row(database, bucket));
  CLARY_TRY(
      Statement row,
      database.prepare("SELECT checksum_kind, composite, metadata, completed_etag FROM uploads "
                       "WHERE id = ?1 AND bucket = ?2 AND key = ?3"));
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
  return out;
}

Result<std::vector<IndexedPart>> part_rows(Database& database, const UploadId& id) {
  CLARY_TRY(Statement rows,
            database.prepare("SELECT number, size, md5, crc32c, checksum_kind, checksum, file FROM "
                             "parts WHERE upload = ?1 ORDER BY number"));
  rows.bind(*id);
  std::vector<IndexedPart> out;
  for (;;) {
    CLARY_TRY(const bool there, rows.step());
    if (!there) return out;
    IndexedPart part;
    part.number = static_cast<int>(rows.integer(0));
    part.sums = {rows.text(2), rows.text(3), static_cast<std::uint64_t>(rows.integer(1)),
                 std::nullopt};
    if (!rows.is_null(4)) {
      part.sums.checksum = Checksum{static_cast<DigestKind>(rows.integer(4)), rows.text(5), false};
    }
    part.file = rows.text(6);
    out.push_back(std::move(part));
  }
}

Status upsert_part(Database& database, const UploadId& id, const IndexedPart& part,
                   std::vector<std::string>& freed) {
  {
    CLARY_TRY(Statement former,
              database.prepare("SELECT file FROM parts WHERE upload = ?1 AND number = ?2"));
    former.bind(*id).bind(std::int64_t{part.number});
    CLARY_TRY(const bool there, former.step());
    if (there) freed.push_back(former.text(0));
  }
  CLARY_TRY(
      Statement put,
      database.prepare("INSERT OR REPLACE INTO parts(upload, number, size, md5, crc32c, "
                       "checksum_kind, checksum, file) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  put.bind(*id)
      .bind(std::int64_t{part.number})
      .bind(static_cast<std::int64_t>(part.sums.size_bytes));
  put.bind_blob(part.sums.md5).bind_blob(part.sums.crc32c);
  if (part.sums.checksum) {
    put.bind(static_cast<std::int64_t>(part.sums.checksum->kind)).bind(part.sums.checksum->value);
  } else {
    put.bind_null().bind_null();
  }
  return put.bind(part.file).run();
}

Status end_upload(Database& database, const UploadId& id,
                  const std::optional<std::string>& completed_etag,
                  std::vector<std::string>& freed) {
  CLARY_TRY(const std::vector<IndexedPart> parts, part_rows(database, id));
  for (const IndexedPart& part : parts) freed.push_back(part.file);
  CLARY_TRY(Statement erase, database.prepare("DELETE FROM parts WHERE upload = ?1"));
  CLARY_RETURN_IF_ERROR(erase.bind(*id).run());
  if (completed_etag) {
    CLARY_TRY(Statement mark,
              database.prepare("UPDATE uploads SET completed_etag = ?2 WHERE id = ?1"));
    return mark.bind(*id).bind(*completed_etag).run();
  }
  CLARY_TRY(Statement forget, database.prepare("DELETE FROM uploads WHERE id = ?1"));
  return forget.bind(*id).run();
}

Status forget_completed_uploads(Database& database, TimePoint before) {
  CLARY_TRY(
      Statement erase,
      database.prepare("DELETE FROM uploads WHERE completed_etag IS NOT NULL AND begun < ?1"));
  return erase.bind(before.time_since_epoch().count()).run();
}

}  // namespace clary::objects
