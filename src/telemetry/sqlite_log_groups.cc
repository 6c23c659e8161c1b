#include "telemetry/sqlite_log_groups.h"

#include "base/time_text.h"

namespace clary::telemetry {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

Error no_group() { return not_found("The specified log group does not exist."); }

}  // namespace

Status SqliteLogGroups::create(const LogGroup& group) {
  MutexLock lock(database_.write_mutex());
  CLARY_TRY(sqlite::Statement insert,
            database_.writer().prepare("INSERT INTO log_group (name, created_ms) VALUES (?1, ?2) "
                                       "ON CONFLICT DO NOTHING"));
  insert.bind(group.value()).bind(to_epoch_milliseconds(clock_.now()));
  CLARY_RETURN_IF_ERROR(insert.run());
  if (database_.writer().changes() == 0)
    return already_exists("The specified log group already exists");
  return {};
}

Status SqliteLogGroups::remove(const LogGroup& group) {
  MutexLock lock(database_.write_mutex());
  sqlite::Database& database = database_.writer();
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database));
  for (const char* statement :
       {"DELETE FROM log_block WHERE stream IN (SELECT id FROM log_stream WHERE log_group = ?1)",
        "DELETE FROM log_stream WHERE log_group = ?1", "DELETE FROM log_group WHERE name = ?1"}) {
    CLARY_TRY(sqlite::Statement remove, database.prepare(statement));
    remove.bind(group.value());
    CLARY_RETURN_IF_ERROR(remove.run());
  }
  if (database.changes() == 0) return no_group();
  return transaction.commit();
}

Result<std::vector<GroupSummary>> SqliteLogGroups::list(std::string_view prefix,
                                                        std::string_view after, std::size_t limit) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(sqlite::Statement find,
            reader->prepare("SELECT name, created_ms, retention_days, (SELECT "
                            "coalesce(sum(b.plain_bytes), 0) FROM log_stream s JOIN log_block b ON "
                            "b.stream = s.id WHERE s.log_group = g.name) FROM log_group g WHERE "
                            "name >= ?1 AND name > ?2 ORDER BY name"));
  find.bind(prefix).bind(after);
  std::vector<GroupSummary> found;
  while (found.size() < limit) {
    CLARY_TRY(const bool there, find.step());
    if (!there || !find.view(0).starts_with(prefix)) break;
    GroupSummary group{.name = LogGroup(find.text(0)),
                       .created_ms = find.integer(1),
                       .retention_days = std::nullopt,
                       .stored_bytes = static_cast<std::uint64_t>(find.integer(3))};
    if (!find.is_null(2)) group.retention_days = find.integer(2);
    found.push_back(std::move(group));
  }
  return found;
}

Status SqliteLogGroups::set_retention(const LogGroup& group, std::optional<std::int64_t> days) {
  MutexLock lock(database_.write_mutex());
  CLARY_TRY(sqlite::Statement update,
            database_.writer().prepare("UPDATE log_group SET retention_days = ?2 WHERE name = ?1"));
  update.bind(group.value()).bind(days);
  CLARY_RETURN_IF_ERROR(update.run());
  if (database_.writer().changes() == 0) return no_group();
  return {};
}

Result<std::optional<std::int64_t>> SqliteLogGroups::retention(const LogGroup& group) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(sqlite::Statement find,
            reader->prepare("SELECT retention_days FROM log_group WHERE name = ?1"));
  find.bind(group.value());
  CLARY_TRY(const bool there, find.step());
  if (!there) return no_group();
  std::optional<std::int64_t> days;
  if (!find.is_null(0)) days = find.integer(0);
  return days;
}

Status SqliteLogGroups::expire(TimePoint now) {
  MutexLock lock(database_.write_mutex());
  CLARY_TRY(sqlite::Statement remove,
            database_.writer().prepare(
                "DELETE FROM log_block WHERE id IN (SELECT b.id FROM log_group g JOIN log_stream s "
                "ON s.log_group = g.name JOIN log_block b ON b.stream = s.id WHERE "
                "g.retention_days IS NOT NULL AND b.time_ms < ?1 - g.retention_days * ?2)"));
  remove.bind(to_epoch_milliseconds(now)).bind(kDayMs);
  return remove.run();
}

}  // namespace clary::telemetry
