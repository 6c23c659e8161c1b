#include "base/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace clary::sqlite {
namespace {

constexpr int kBusyTimeoutMilliseconds = 10'000;

ErrorCode code_of(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return ErrorCode::kAlreadyExists;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kUnavailable;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return ErrorCode::kLimitExceeded;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::kDenied;
    default:
      return ErrorCode::kInternal;
  }
}

int flags_of(Access access) {
  constexpr int kEvery = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Access::kReader:
      return kEvery | SQLITE_OPEN_READWRITE;
    case Access::kAtRest:
      return kEvery | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case Access::kWriter:
    case Access::kCarried:
      break;
  }
  return kEvery | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

const char* pragmas_of(Access access) {
  switch (access) {
    case Access::kWriter:
      return "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
    case Access::kCarried:
      return "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;";
    case Access::kReader:
    case Access::kAtRest:
      break;
  }
  return "PRAGMA query_only = ON;";
}

// Without locks, logs and shared memory, which a read-only medium has no place for.
// Source: sqlite.org/uri.html.
std::string immutable_uri(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";  // without an authority
  for (const char character : path) {
    if (character == '%') {
      uri += "%25";
    } else if (character == '?') {
      uri += "%3f";
    } else if (character == '#') {
      uri += "%23";
    } else {
      uri += character;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

// ---- Statement ----

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_) {}

Statement::~Statement() {
  if (statement_ != nullptr) database_->give_back(statement_);
}

Statement& Statement::bind(std::int64_t value) {
  CLARY_CHECK(sqlite3_bind_int64(statement_, ++bound_, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(double value) {
  CLARY_CHECK(sqlite3_bind_double(statement_, ++bound_, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  CLARY_CHECK(sqlite3_bind_text64(statement_, ++bound_, bytes, text.size(), SQLITE_TRANSIENT,
                                  SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  CLARY_CHECK(sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_TRANSIENT) ==
              SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null() {
  CLARY_CHECK(sqlite3_bind_null(statement_, ++bound_) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_column(const Statement& row, int column) {
  CLARY_CHECK(sqlite3_bind_value(statement_, ++bound_,
                                 sqlite3_column_value(row.statement_, column)) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  errno = 0;  // of the call that fails: sqlite3_system_errno() does not tell a commit's
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return database_->last_error(sqlite3_sql(statement_));
  }
}

Status Statement::run() {
  while (true) {
    CLARY_TRY(const bool row, step());
    if (!row) return {};
  }
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bound_ = 0;
}

int Statement::columns() const { return sqlite3_column_count(statement_); }
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Statement::view(int column) const {
  // The bytes first, their count after: the order that SQLite documents.
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

// ---- Database ----

Result<std::unique_ptr<Database>> Database::open(const std::string& path, OpenOptions options) {
  const std::string name = options.access == Access::kAtRest ? immutable_uri(path) : path;
  sqlite3* connection = nullptr;
  errno = 0;
  const int opened = sqlite3_open_v2(name.c_str(), &connection, flags_of(options.access), nullptr);
  std::unique_ptr<Database> database(new Database(path, connection));
  if (opened != SQLITE_OK) return database->last_error("open");
  sqlite3_busy_timeout(connection, kBusyTimeoutMilliseconds);
  const std::string pragmas = "PRAGMA cache_size = -" + std::to_string(options.cache_kib) + ";" +
                              pragmas_of(options.access);
  CLARY_RETURN_IF_ERROR(database->execute(pragmas));
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : idle_) sqlite3_finalize(statement);
  sqlite3_close_v2(connection_);
}

Result<Statement> Database::prepare(std::string_view sql) {
  if (const auto found = idle_.find(sql); found != idle_.end()) {
    sqlite3_stmt* statement = found->second;
    idle_.erase(found);
    return Statement(*this, statement);
  }
  sqlite3_stmt* statement = nullptr;
  errno = 0;
  const int prepared = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (prepared != SQLITE_OK || statement == nullptr) return last_error(sql);
  return Statement(*this, statement);
}

void Database::give_back(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (!idle_.emplace(sqlite3_sql(statement), statement).second) sqlite3_finalize(statement);
}

Status Database::execute(const std::string& script) {
  errno = 0;
  if (sqlite3_exec(connection_, script.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return last_error(std::string_view(script).substr(0, 60));
}

Status Database::watch_rows(const RowColumns& columns, RowSeen seen) {
  const std::string function = "seen_" + columns.table;
  const auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
    const auto& told = *static_cast<const RowSeen*>(sqlite3_user_data(context));
    const auto* const bytes = static_cast<const char*>(sqlite3_value_blob(values[1]));
    told(sqlite3_value_int64(values[0]),
         {bytes, static_cast<std::size_t>(sqlite3_value_bytes(values[1]))});
  };
  const auto drop = [](void* told) { delete static_cast<RowSeen*>(told); };
  // It owns `told` even when it fails.
  auto* const told = new RowSeen(std::move(seen));
  if (sqlite3_create_function_v2(connection_, function.c_str(), 2, SQLITE_UTF8, told, call, nullptr,
                                 nullptr, drop) != SQLITE_OK)
    return last_error("watch rows of " + columns.table);
  std::string script;
  for (const char* change : {"INSERT", "UPDATE", "DELETE"}) {
    const std::string row = change == std::string_view("DELETE") ? "old." : "new.";
    script += "CREATE TEMP TRIGGER " + function + change + " AFTER " + change + " ON main." +
              columns.table + " BEGIN SELECT " + function + "(" + row + columns.integer + ", " +
              row + columns.bytes + "); END;";
  }
  return execute(script);
}

Status Database::copy_to(Database& target) {
  errno = 0;
  sqlite3_backup* const backup =
      sqlite3_backup_init(target.connection_, "main", connection_, "main");
  if (backup == nullptr) return target.last_error("copy");
  const int copied = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (copied != SQLITE_DONE) return target.last_error("copy of '" + path_ + "'");
  return {};
}

std::int64_t Database::changes() const { return sqlite3_changes64(connection_); }
std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(connection_); }

Error Database::last_error(std::string_view wanted) const {
  const std::string path = "'" + path_ + "': ";
  if (connection_ == nullptr) return internal_error(path + std::string(wanted) + ": out of memory");
  const std::string reason = sqlite3_errmsg(connection_);
  const int code = sqlite3_extended_errcode(connection_);
  const int primary = code & 0xff;
  // What was asked of a file that is none says nothing to whoever has to mend it.
  if (primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT)
    return {code_of(code), path + "the file is damaged: " + reason};
  std::string message = path + std::string(wanted) + ": " + reason;
  // The system's reason, which SQLite's sentence keeps to itself: a disk that is read-only, or
  // fails.
  const bool of_disk = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  if (of_disk && errno != 0) message = system_error(message).message;
  return {code_of(code), std::move(message)};
}

// ---- Transaction ----

Result<Transaction> Transaction::begin(Database& database) {
  CLARY_TRY(Statement begin, database.prepare("BEGIN IMMEDIATE"));
  CLARY_RETURN_IF_ERROR(begin.run());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // Fails only where SQLite has rolled back by itself.
  static_cast<void>(database_->execute("ROLLBACK"));
}

Status Transaction::commit() {
  CLARY_TRY(Statement commit, database_->prepare("COMMIT"));
  CLARY_RETURN_IF_ERROR(commit.run());
  database_ = nullptr;
  return {};
}

// ---- migrations ----

namespace {

Result<std::int64_t> format_of(Database& database) {
  CLARY_TRY(Statement version, database.prepare("PRAGMA user_version"));
  CLARY_TRY(const bool row, version.step());
  return row ? version.integer(0) : 0;
}

}  // namespace

Status refuse_newer_format(Database& database, std::size_t known) {
  CLARY_TRY(const std::int64_t format, format_of(database));
  if (format <= static_cast<std::int64_t>(known)) return {};
  return unsupported("'" + database.path() + "': written by a newer release (format " +
                     std::to_string(format) + ", this release knows up to " +
                     std::to_string(known) + "); start that release, or use another folder");
}

Status migrate(Database& database, std::span<const std::string_view> migrations) {
  const auto known = static_cast<std::int64_t>(migrations.size());
  while (true) {
    CLARY_RETURN_IF_ERROR(refuse_newer_format(database, migrations.size()));
    CLARY_TRY(const std::int64_t format, format_of(database));
    if (format == known) return {};
    CLARY_TRY(Transaction transaction, Transaction::begin(database));
    CLARY_RETURN_IF_ERROR(
        database.execute(std::string(migrations[static_cast<std::size_t>(format)])));
    CLARY_RETURN_IF_ERROR(database.execute("PRAGMA user_version = " + std::to_string(format + 1)));
    CLARY_RETURN_IF_ERROR(transaction.commit());
  }
}

Result<std::vector<std::string>> faults_of(Database& database) {
  CLARY_TRY(Statement check, database.prepare("PRAGMA integrity_check"));
  std::vector<std::string> faults;
  while (true) {
    CLARY_TRY(const bool row, check.step());
    if (!row) return faults;
    if (check.view(0) != "ok") faults.push_back(check.text(0));
  }
}

// ---- Readers ----

Readers::Readers(std::string path, OpenOptions options)
    : path_(std::move(path)), options_(options) {
  options_.access = Access::kReader;
}

Result<Readers::Lease> Readers::take() {
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Database> database = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(database));
    }
  }
  CLARY_TRY(std::unique_ptr<Database> database, Database::open(path_, options_));
  return Lease(*this, std::move(database));
}

Readers::Lease::~Lease() {
  if (database_ == nullptr) return;
  MutexLock lock(readers_->mutex_);
  readers_->idle_.push_back(std::move(database_));
}

}  // namespace clary::sqlite
