#include "objects/index_rebuild.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "base/files.h"
#include "base/sqlite.h"
#include "objects/object_index.h"
#include "objects/store_lock.h"

namespace clary::objects {
namespace {

// Without quotas, which are counted anew.
struct Table {
  const char* name;
  const char* key;            // ascending
  const char* key_backwards;  // the same, descending
};
constexpr Table kTables[] = {
    {"buckets", "number", "number DESC"},
    {"objects", "bucket, key, version", "bucket DESC, key DESC, version DESC"},
    {"versions", "bucket, key, changed DESC", "bucket DESC, key DESC, changed"},
    {"bodies", "number", "number DESC"},
    {"uploads", "id", "id DESC"},
    {"parts", "upload, number", "upload DESC, number DESC"},
    {"settings", "bucket, kind", "bucket DESC, kind DESC"},
    {"sequence", "rowid", "rowid DESC"},
};

struct Close {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Handle = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Error failed(sqlite3* connection, const std::string& wanted) {
  return internal_error("index: " + wanted + ": " + sqlite3_errmsg(connection));
}

Result<Handle> open(const std::string& path) {
  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr);
  Handle handle(connection);
  if (opened != SQLITE_OK) return failed(connection, "open '" + path + "'");
  return handle;
}

Result<Statement> prepare(sqlite3* connection, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
    return failed(connection, sql);
  return Statement(statement);
}

Status execute(sqlite3* connection, const std::string& sql) {
  if (sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failed(connection, sql);
}

Result<std::int64_t> number(sqlite3* connection, const std::string& sql) {
  CLARY_TRY(const Statement ask, prepare(connection, sql));
  const int stepped = sqlite3_step(ask.get());
  if (stepped == SQLITE_ROW) return sqlite3_column_int64(ask.get(), 0);
  if (stepped == SQLITE_DONE) return 0;
  return failed(connection, sql);
}

class Rebuild {
 public:
  Rebuild(sqlite3* from, sqlite3* to) : from_(from), to_(to) {}

  Result<RebuildReport> run() {
    CLARY_RETURN_IF_ERROR(execute(to_, "BEGIN; DELETE FROM sequence"));
    for (const Table& table : kTables) CLARY_RETURN_IF_ERROR(carry_over(table));
    CLARY_RETURN_IF_ERROR(keep_numbers());
    CLARY_RETURN_IF_ERROR(execute(to_, "COMMIT"));
    return std::move(report_);
  }

 private:
  Status carry_over(const Table& table) {
    CLARY_TRY(const std::string fault, copy_rows(table.name, table.key));
    if (fault.empty()) return {};
    // What lies behind the damage is reached from the other end.
    CLARY_TRY(const std::string behind, copy_rows(table.name, table.key_backwards));
    report_.unreadable.push_back(fmt::format("table {}: {}", table.name, fault));
    return {};
  }

  // "", or why the reading ended before the table did.
  Result<std::string> copy_rows(const std::string& table, const std::string& order) {
    Result<Statement> rows = prepare(from_, "SELECT * FROM " + table + " ORDER BY " + order);
    if (!rows.ok()) return rows.error().message;
    const int columns = sqlite3_column_count(rows->get());
    std::string places = "?";
    for (int i = 1; i < columns; ++i) places += ", ?";
    CLARY_TRY(const Statement put,
              prepare(to_, "INSERT OR IGNORE INTO " + table + " VALUES(" + places + ")"));
    while (true) {
      const int stepped = sqlite3_step(rows->get());
      if (stepped == SQLITE_DONE) return std::string();
      if (stepped != SQLITE_ROW) return std::string(sqlite3_errmsg(from_));
      for (int i = 0; i < columns; ++i)
        sqlite3_bind_value(put.get(), i + 1, sqlite3_column_value(rows->get(), i));
      if (sqlite3_step(put.get()) != SQLITE_DONE) return failed(to_, "write " + table);
      report_.rows += static_cast<std::uint64_t>(sqlite3_changes64(to_));
      sqlite3_reset(put.get());
    }
  }

  // Numbers of buckets are never given twice, those of changes never again.
  Status keep_numbers() {
    const std::int64_t given =
        number(from_, "SELECT seq FROM sqlite_sequence WHERE name = 'buckets'").value_or(0);
    CLARY_RETURN_IF_ERROR(execute(to_,
                                  "DELETE FROM sqlite_sequence WHERE name = 'buckets'; "
                                  "INSERT INTO sqlite_sequence VALUES('buckets', max(" +
                                      std::to_string(given) +
                                      ", (SELECT coalesce(max(number), 0) FROM buckets)))"));
    return execute(to_,
                   "INSERT INTO sequence SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sequence); "
                   "UPDATE sequence SET last = max(last, "
                   "(SELECT coalesce(max(changes), 0) FROM buckets))");
  }

  sqlite3* from_;
  sqlite3* to_;
  RebuildReport report_;
};

// Makes `path` an empty index of this release.
Status make_index(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) CLARY_RETURN_IF_ERROR(remove_tree(path + suffix));
  CLARY_TRY(const auto database, sqlite::Database::open(path, {}));
  return sqlite::migrate(*database, index_migrations());
}

Result<RebuildReport> carry_over(const std::string& index, const std::string& rebuilt) {
  CLARY_TRY(const Handle from, open(index));
  CLARY_TRY(const std::int64_t format, number(from.get(), "PRAGMA user_version"));
  const auto known = static_cast<std::int64_t>(index_migrations().size());
  if (format != known) {
    return unsupported(fmt::format(
        "'{}' has format {}, this release's is {}: start this release's server on it first", index,
        format, known));
  }
  CLARY_RETURN_IF_ERROR(make_index(rebuilt));
  CLARY_TRY(const Handle to, open(rebuilt));
  return Rebuild(from.get(), to.get()).run();
}

}  // namespace

Result<RebuildReport> rebuild_index(const std::string& root) {
  const std::string index = path_join(root, "index.db");
  const std::string rebuilt = index + ".rebuilt";
  const std::string before = index + ".before";
  if (!exists(index)) return not_found("object store '" + root + "': not there");
  CLARY_TRY(const Fd lock, lock_store(root));
  // Its connections write their logs into the files when they close.
  CLARY_TRY(RebuildReport report, carry_over(index, rebuilt));
  for (const std::string& log : {index + "-wal", rebuilt + "-wal"}) {
    if (exists(log)) return internal_error("'" + log + "' cannot be written into its database");
  }
  CLARY_RETURN_IF_ERROR(remove_tree(before));
  if (::link(index.c_str(), before.c_str()) != 0) return system_error("'" + before + "'");
  if (::rename(rebuilt.c_str(), index.c_str()) != 0) return system_error("'" + index + "'");
  CLARY_RETURN_IF_ERROR(sync_folder(root));
  return report;
}

}  // namespace clary::objects
