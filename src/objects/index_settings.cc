#include "objects/object_index.h"

namespace clary::objects {

using sqlite::Database;
using sqlite::Statement;

Status put_setting(Database& database, const BucketName& bucket, SettingKind kind,
                   const std::optional<std::string>& text) {
  CLARY_TRY(const IndexedBucket owner, find_bucket_row(database, bucket));
  if (!text) {
    CLARY_TRY(Statement erase,
              database.prepare("DELETE FROM settings WHERE bucket = ?1 AND kind = ?2"));
    return erase.bind(owner.number).bind(static_cast<std::int64_t>(kind)).run();
  }
  CLARY_TRY(Statement put, database.prepare("INSERT OR REPLACE INTO settings VALUES(?1, ?2, ?3)"));
  return put.bind(owner.number).bind(static_cast<std::int64_t>(kind)).bind(*text).run();
}

Status load_settings(Database& database, SettingTexts& into) {
  CLARY_TRY(
      Statement rows,
      database.prepare("SELECT name, kind, text FROM settings JOIN buckets ON bucket = number"));
  for (;;) {
    CLARY_TRY(const bool there, rows.step());
    if (!there) return {};
    into.set(BucketName(rows.text(0)), static_cast<SettingKind>(rows.integer(1)), rows.text(2));
  }
}

}  // namespace clary::objects
