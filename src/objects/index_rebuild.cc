#include "objects/index_rebuild.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string_view>
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

using sqlite::Database;
using sqlite::Statement;

Result<std::int64_t> number(Database& database, std::string_view sql) {
  CLARY_TRY(Statement ask, database.prepare(sql));
  CLARY_TRY(const bool row, ask.step());
  return row ? ask.integer(0) : 0;
}

class Rebuild {
 public:
  Rebuild(Database& from, Database& to) : from_(from), to_(to) {}

  Result<RebuildReport> run() {
    CLARY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(to_));
    CLARY_RETURN_IF_ERROR(to_.execute("DELETE FROM sequence"));
    for (const Table& table : kTables) CLARY_RETURN_IF_ERROR(carry_over(table));
    CLARY_RETURN_IF_ERROR(keep_numbers());
    CLARY_RETURN_IF_ERROR(transaction.commit());
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
    Result<Statement> rows = from_.prepare("SELECT * FROM " + table + " ORDER BY " + order);
    if (!rows.ok()) return rows.error().message;
    const int columns = rows->columns();
    std::string places = "?";
    for (int i = 1; i < columns; ++i) places += ", ?";
    CLARY_TRY(Statement put,
              to_.prepare("INSERT OR IGNORE INTO " + table + " VALUES(" + places + ")"));
    while (true) {
      const Result<bool> row = rows->step();
      if (!row.ok()) return row.error().message;
      if (!*row) return std::string();
      for (int i = 0; i < columns; ++i) put.bind_column(*rows, i);
      CLARY_RETURN_IF_ERROR(put.run());
      report_.rows += static_cast<std::uint64_t>(to_.changes());
      put.reset();
    }
  }

  // Numbers of buckets are never given twice, those of changes never again.
  Status keep_numbers() {
    const std::int64_t given =
        number(from_, "SELECT seq FROM sqlite_sequence WHERE name = 'buckets'").value_or(0);
    CLARY_RETURN_IF_ERROR(
        to_.execute("DELETE FROM sqlite_sequence WHERE name = 'buckets'; "
                    "INSERT INTO sqlite_sequence VALUES('buckets', max(" +
                    std::to_string(given) + ", (SELECT coalesce(max(number), 0) FROM buckets)))"));
    return to_.execute(
        "INSERT INTO sequence SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sequence); "
        "UPDATE sequence SET last = max(last, "
        "(SELECT coalesce(max(changes), 0) FROM buckets))");
  }

  Database& from_;
  Database& to_;
  RebuildReport report_;
};

// Makes `path` an empty index of this release.
Status make_index(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) CLARY_RETURN_IF_ERROR(remove_tree(path + suffix));
  CLARY_TRY(const auto database, Database::open(path, {}));
  return sqlite::migrate(*database, index_migrations());
}

Result<RebuildReport> carry_over(const std::string& index, const std::string& rebuilt) {
  CLARY_TRY(const auto from, Database::open(index, {.access = sqlite::Access::kReader}));
  CLARY_TRY(const std::int64_t format, number(*from, "PRAGMA user_version"));
  const auto known = static_cast<std::int64_t>(index_migrations().size());
  if (format != known) {
    return unsupported(fmt::format(
        "'{}' has format {}, this release's is {}: start this release's server on it first", index,
        format, known));
  }
  CLARY_RETURN_IF_ERROR(make_index(rebuilt));
  CLARY_TRY(const auto to, Database::open(rebuilt, {}));
  return Rebuild(*from, *to).run();
}

}  // namespace

Result<RebuildReport> rebuild_index(const std::string& root) {
  const std::string index = path_join(root, "index.db");
  const std::string rebuilt = index + ".rebuilt";
  const std::string before = index + ".before";
  if (!exists(index)) return not_found("object store '" + root + "': not there");
  CLARY_TRY(const Fd lock, lock_store(root, StoreUse::kOwn));
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
