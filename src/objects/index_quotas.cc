#include "base/strings.h"
#include "objects/object_index.h"
#include "objects/store_rules.h"

namespace clary::objects {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr std::string_view kHeld =
    "(SELECT coalesce(sum(size), 0) FROM objects WHERE bucket = buckets.number) + "
    "(SELECT coalesce(sum(size), 0) FROM versions WHERE bucket = buckets.number) + "
    "(SELECT coalesce(sum(size), 0) FROM parts JOIN uploads ON id = upload WHERE bucket = "
    "buckets.number)";

Status forget_other_quotas(Database& database, const BucketQuotas& quotas) {
  std::vector<std::int64_t> gone;
  {
    CLARY_TRY(Statement rows,
              database.prepare("SELECT bucket, name FROM quotas JOIN buckets ON number = bucket"));
    for (;;) {
      CLARY_TRY(const bool there, rows.step());
      if (!there) break;
      if (!quotas.contains(BucketName(rows.text(1)))) gone.push_back(rows.integer(0));
    }
  }
  for (const std::int64_t bucket : gone) {
    CLARY_TRY(Statement erase, database.prepare("DELETE FROM quotas WHERE bucket = ?1"));
    CLARY_RETURN_IF_ERROR(erase.bind(bucket).run());
  }
  return {};
}

}  // namespace

Status apply_quotas(Database& database, const BucketQuotas& quotas) {
  CLARY_RETURN_IF_ERROR(forget_other_quotas(database, quotas));
  for (const auto& [name, bytes] : quotas) {
    const auto quota = static_cast<std::int64_t>(bytes);
    CLARY_TRY(Statement make, database.prepare("INSERT OR IGNORE INTO quotas SELECT number, ?2, " +
                                               std::string(kHeld) +
                                               " FROM buckets WHERE name = ?1 AND number NOT IN "
                                               "(SELECT bucket FROM quotas)"));
    CLARY_RETURN_IF_ERROR(make.bind(*name).bind(quota).run());
    CLARY_TRY(Statement update, database.prepare("UPDATE quotas SET quota = ?2 WHERE bucket = "
                                                 "(SELECT number FROM buckets WHERE name = ?1)"));
    CLARY_RETURN_IF_ERROR(update.bind(*name).bind(quota).run());
  }
  return {};
}

Result<std::int64_t> quota_excess(Database& database) {
  CLARY_TRY(Statement sum,
            database.prepare("SELECT coalesce(sum(max(bytes - quota, 0)), 0) FROM quotas"));
  CLARY_TRY([[maybe_unused]] const bool there, sum.step());
  return sum.integer(0);
}

Error quota_reached(Database& database) {
  Result<Statement> row = database.prepare(
      "SELECT name, quota FROM quotas JOIN buckets ON number = bucket WHERE bytes > quota "
      "ORDER BY bytes - quota DESC LIMIT 1");
  if (!row.ok()) return row.error();
  const Result<bool> there = row->step();
  if (!there.ok()) return there.error();
  return above_quota(BucketName(row->text(0)), static_cast<std::uint64_t>(row->integer(1)));
}

}  // namespace clary::objects
