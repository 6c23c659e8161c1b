#include "objects/index_rows.h"

namespace clary::objects {

using sqlite::Database;
using sqlite::Statement;

// Kept as numbers in the columns named versioning.
static_assert(static_cast<int>(Versioning::kOff) == 0 &&
              static_cast<int>(Versioning::kEnabled) == 1 &&
              static_cast<int>(Versioning::kSuspended) == 2);
// Kept as numbers in the columns named checksum_kind.
static_assert(
    static_cast<int>(DigestKind::kMd5) == 0 && static_cast<int>(DigestKind::kSha1) == 1 &&
    static_cast<int>(DigestKind::kSha256) == 2 && static_cast<int>(DigestKind::kCrc32) == 3 &&
    static_cast<int>(DigestKind::kCrc32c) == 4 && static_cast<int>(DigestKind::kCrc64Nvme) == 5 &&
    static_cast<int>(DigestKind::kSha512) == 6 && static_cast<int>(DigestKind::kXxHash64) == 7 &&
    static_cast<int>(DigestKind::kXxHash3) == 8 && static_cast<int>(DigestKind::kXxHash128) == 9);

std::int64_t microseconds(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint time_of(std::int64_t microseconds) { return TimePoint(Duration(microseconds)); }

Result<bool> RowCursor::seek(std::string_view key) {
  rows_.reset();
  rows_.bind(bucket_).bind_blob(key);
  return rows_.step();
}

std::optional<Checksum> read_checksum(const Statement& row, int kind, int value) {
  if (row.is_null(kind)) return std::nullopt;
  Checksum out{static_cast<DigestKind>(row.integer(kind)), row.text(value), false};
  out.composite = out.value.find('-') != std::string::npos;
  return out;
}

void bind_checksum(Statement& row, const std::optional<Checksum>& checksum) {
  if (checksum) {
    row.bind(static_cast<std::int64_t>(checksum->kind)).bind(checksum->value);
  } else {
    row.bind_null().bind_null();
  }
}

void bind_text_or_null(Statement& row, const std::string& text) {
  text.empty() ? row.bind_null() : row.bind(text);
}

Result<Present> find_present(Database& database, std::int64_t bucket, const ObjectKey& key) {
  CLARY_TRY(Statement row,
            database.prepare("SELECT etag, body, file, id, size, modified FROM objects WHERE "
                             "bucket = ?1 AND key = ?2 AND version = x''"));
  row.bind(bucket).bind_blob(*key);
  CLARY_TRY(const bool there, row.step());
  Present out;
  if (!there) return out;
  out.etag = row.text(0);
  if (!row.is_null(1)) out.body = row.integer(1);
  out.file = row.text(2);
  out.id = row.text(3);
  out.size_bytes = static_cast<std::uint64_t>(row.integer(4));
  out.modified = time_of(row.integer(5));
  return out;
}

Status drop_present(Database& database, std::int64_t bucket, const ObjectKey& key,
                    const Present& present, std::vector<std::string>& freed) {
  if (present.body) CLARY_RETURN_IF_ERROR(delete_body(database, *present.body));
  if (!present.file.empty()) freed.push_back(present.file);
  CLARY_TRY(
      Statement erase,
      database.prepare("DELETE FROM objects WHERE bucket = ?1 AND key = ?2 AND version = x''"));
  return erase.bind(bucket).bind_blob(*key).run();
}

Status delete_body(Database& database, std::int64_t number) {
  CLARY_TRY(Statement erase, database.prepare("DELETE FROM bodies WHERE number = ?1"));
  return erase.bind(number).run();
}

Status count_change(Database& database, std::int64_t bucket) {
  CLARY_TRY(Statement update,
            database.prepare("UPDATE buckets SET changes = changes + 1 WHERE number = ?1"));
  return update.bind(bucket).run();
}

}  // namespace clary::objects
