// SQLite, small: connections, cached prepared statements, transactions, numbered migrations.
//
//   CLARY_TRY(auto database, sqlite::Database::open("/data/meta.db", {}));
//   CLARY_TRY(sqlite::Statement find, database->prepare("SELECT value FROM t WHERE key = ?1"));
//   find.bind(key);
//   CLARY_TRY(bool there, find.step());
//   if (there) use(find.text(0));
//
// A connection and what it made are used by one thread at a time. Errors: AlreadyExists for a
// broken UNIQUE or PRIMARY KEY, LimitExceeded for a full disk, Unavailable for a database that
// stays locked, else Internal; messages name the file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace clary::sqlite {

enum class Access {
  kWriter,   // creates the file; WAL, synchronous=FULL: what was committed survives a power cut
  kReader,   // of a file that a writer has opened; never waits for it, sees the last commit
  kAtRest,   // reads a file that nobody writes, and makes nothing beside it: for read-only media
  kCarried,  // creates the file, which is all there is (no WAL): for one that is carried elsewhere
};

struct OpenOptions {
  Access access = Access::kWriter;
  std::int64_t cache_kib = 2000;  // page cache of the connection
};

class Database;

// A prepared statement in use. Goes back to its connection's cache, reset, when destroyed.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Bind the next parameter: ?1, ?2, ... in order. Texts and blobs are copied.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();
  Statement& bind_column(const Statement& row, int column);  // as it is, of whatever type
  template <typename T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  // Moves to the next row; false when there is none.
  Result<bool> step();
  // Runs to the end, ignoring rows.
  Status run();
  // Ready to be bound and run again.
  void reset();

  int columns() const;
  // Columns of the current row, from 0. NULL reads as 0 and "". The view is valid until the next
  // step.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view view(int column) const;
  std::string text(int column) const { return std::string(view(column)); }

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  Database* database_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& path, OpenOptions options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // One statement, compiled once per connection. It must not outlive the connection.
  Result<Statement> prepare(std::string_view sql);
  // A script of statements without parameters.
  Status execute(const std::string& script);
  // From now on `seen` is told of every row of `table` that this connection inserts, updates or
  // deletes, within the transaction, also when it is undone later: an integer column of it and one
  // of bytes. Once per table.
  struct RowColumns {
    std::string table;
    std::string integer;
    std::string bytes;
  };
  using RowSeen = std::function<void(std::int64_t integer, std::string_view bytes)>;
  Status watch_rows(const RowColumns& columns, RowSeen seen);
  // Replaces what `target` holds by what this holds at one moment; in WAL mode nobody waits for it.
  Status copy_to(Database& target);
  // Rows changed by the last statement; row id of the last insert.
  std::int64_t changes() const;
  std::int64_t last_row_id() const;
  const std::string& path() const { return path_; }

 private:
  friend class Statement;
  Database(std::string path, sqlite3* connection)
      : path_(std::move(path)), connection_(connection) {}
  Error last_error(std::string_view wanted) const;
  void give_back(sqlite3_stmt* statement);

  std::string path_;
  sqlite3* connection_;
  std::map<std::string, sqlite3_stmt*, std::less<>> idle_;
};

// Everything between its making and commit(), or nothing. BEGIN IMMEDIATE: the write lock is taken
// at once.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();  // rolls back unless committed
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// Unsupported, with a sentence for people, when the file's format (user_version) is above `known`:
// a newer release has written it.
Status refuse_newer_format(Database& database, std::size_t known);

// Brings the database to format migrations.size(), each step in a transaction of its own; the
// number is kept in user_version. Unsupported as of refuse_newer_format().
Status migrate(Database& database, std::span<const std::string_view> migrations);

// What integrity_check finds, a sentence each; none in a whole database.
Result<std::vector<std::string>> faults_of(Database& database);

// Reading connections to one file, made as they are needed and kept. Thread-safe.
class Readers {
 public:
  explicit Readers(std::string path, OpenOptions options = {.access = Access::kReader});

  // One connection for one thread until destroyed.
  class Lease {
   public:
    Lease(Readers& readers, std::unique_ptr<Database> database)
        : readers_(&readers), database_(std::move(database)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Database& operator*() { return *database_; }
    Database* operator->() { return database_.get(); }

   private:
    Readers* readers_;
    std::unique_ptr<Database> database_;
  };
  Result<Lease> take();

 private:
  std::string path_;
  OpenOptions options_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::sqlite
