#include "telemetry/sqlite_log_groups.h"

#include "base/time_text.h"

namespace clary::telemetry {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

Status check_group(sqlite::Database& database, const LogGroup& group) {
  CLARY_TRY(sqlite::Statement find, database.prepare("SELECT 1 FROM log_group WHERE name = ?1"));
  find.bind(group.value());
  CLARY_TRY(const bool there, find.step());
  return there ? Status() : Status(no_group());
}

// Within a write transaction.
Status put_tags(sqlite::Database& database, const LogGroup& group, const LogTags& tags) {
  CLARY_TRY(sqlite::Statement put,
            database.prepare("INSERT INTO log_group_tag (log_group, key, value) "
                             "VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?3"));
  for (const auto& [key, value] : tags) {
    put.bind(group.value()).bind(key).bind(value);
    CLARY_RETURN_IF_ERROR(put.run());
    put.reset();
  }
  CLARY_TRY(sqlite::Statement count,
            database.prepare("SELECT count(*) FROM log_group_tag WHERE log_group = ?1"));
  count.bind(group.value());
  CLARY_TRY([[maybe_unused]] const bool there, count.step());
  if (count.integer(0) > static_cast<std::int64_t>(kMostGroupTags))
    return limit_exceeded("A resource can have no more than 50 tags.");
  return {};
}

}  // namespace

Status SqliteLogGroups::create(const LogGroup& group, const LogTags& tags) {
  MutexLock lock(database_.write_mutex());
  sqlite::Database& database = database_.writer();
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database));
  CLARY_TRY(sqlite::Statement insert,
            database.prepare("INSERT INTO log_group (name, created_ms) VALUES (?1, ?2) "
                             "ON CONFLICT DO NOTHING"));
  insert.bind(group.value()).bind(to_epoch_milliseconds(clock_.now()));
  CLARY_RETURN_IF_ERROR(insert.run());
  if (database.changes() == 0) return already_exists("The specified log group already exists");
  CLARY_RETURN_IF_ERROR(put_tags(database, group, tags));
  return transaction.commit();
}

Status SqliteLogGroups::remove(const LogGroup& group) {
  MutexLock lock(database_.write_mutex());
  sqlite::Database& database = database_.writer();
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database));
  for (const char* statement :
       {"DELETE FROM log_block WHERE stream IN (SELECT id FROM log_stream WHERE log_group = ?1)",
        "DELETE FROM log_stream WHERE log_group = ?1",
        "DELETE FROM log_group_tag WHERE log_group = ?1",
        "DELETE FROM log_group WHERE name = ?1"}) {
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

Result<LogTags> SqliteLogGroups::tags(const LogGroup& group) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_RETURN_IF_ERROR(check_group(*reader, group));
  CLARY_TRY(
      sqlite::Statement find,
      reader->prepare("SELECT key, value FROM log_group_tag WHERE log_group = ?1 ORDER BY key"));
  find.bind(group.value());
  LogTags found;
  while (true) {
    CLARY_TRY(const bool there, find.step());
    if (!there) return found;
    found.emplace_back(find.text(0), find.text(1));
  }
}

Status SqliteLogGroups::add_tags(const LogGroup& group, const LogTags& tags) {
  MutexLock lock(database_.write_mutex());
  sqlite::Database& database = database_.writer();
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database));
  CLARY_RETURN_IF_ERROR(check_group(database, group));
  CLARY_RETURN_IF_ERROR(put_tags(database, group, tags));
  return transaction.commit();
}

Status SqliteLogGroups::remove_tags(const LogGroup& group, const std::vector<std::string>& keys) {
  MutexLock lock(database_.write_mutex());
  sqlite::Database& database = database_.writer();
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database));
  CLARY_RETURN_IF_ERROR(check_group(database, group));
  CLARY_TRY(sqlite::Statement remove,
            database.prepare("DELETE FROM log_group_tag WHERE log_group = ?1 AND key = ?2"));
  for (const std::string& key : keys) {
    remove.bind(group.value()).bind(key);
    CLARY_RETURN_IF_ERROR(remove.run());
    remove.reset();
  }
  return transaction.commit();
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
