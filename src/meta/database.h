// What the stores ask of a database, whichever it is: statements in the SQL that SQLite and
// PostgreSQL share, one writer, readers that never wait for it.
//
//   return database.write([&](Connection& connection) -> Status {
//     CLARY_TRY(Statement put, connection.prepare("INSERT INTO t VALUES (?1, ?2)"));
//     put.bind(key).bind(number);
//     return put.run();
//   });
//
// The shared SQL: parameters ?1, ?2, ... (or ?, counted); `ON CONFLICT (...) DO UPDATE`, not
// REPLACE; integers of 64 bits, texts in UTF-8, nothing else; texts compare by their bytes.
// Implementations: open_sqlite, open_postgres. Formats: docs/formats/meta.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace clary::meta {

// A prepared statement of one kind of database. Used through Statement.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual void bind_integer(std::int64_t value) = 0;
  virtual void bind_text(std::string_view text) = 0;
  virtual void bind_null() = 0;
  virtual Result<bool> step() = 0;
  virtual void reset() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view view(int column) const = 0;
};

// A prepared statement in use, by one thread; its connection outlives it.
class Statement {
 public:
  explicit Statement(std::unique_ptr<Cursor> cursor) : cursor_(std::move(cursor)) {}

  // Bind the next parameter. Texts are copied.
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(const std::optional<std::int64_t>& value);

  // Moves to the next row; false when there is none.
  Result<bool> step() { return cursor_->step(); }
  // Runs to the end, ignoring rows.
  Status run();
  // Ready to be bound and run again.
  void reset() { cursor_->reset(); }

  // Columns of the current row, from 0. NULL reads as 0 and "". The view is valid until the next
  // step.
  bool is_null(int column) const { return cursor_->is_null(column); }
  std::int64_t integer(int column) const { return cursor_->integer(column); }
  std::string_view view(int column) const { return cursor_->view(column); }
  std::string text(int column) const { return std::string(view(column)); }

 private:
  std::unique_ptr<Cursor> cursor_;
};

// Used by one thread at a time. Errors: AlreadyExists for a broken UNIQUE or PRIMARY KEY,
// LimitExceeded for a full disk, Unavailable for a database that cannot be reached or stays locked,
// else Internal.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result<Statement> prepare(std::string_view sql) = 0;
  // Statements without parameters.
  virtual Status execute(const std::string& script) = 0;
  // Rows changed by the last statement.
  virtual std::int64_t changes() const = 0;
  // What follows a table's name where the database must be told which index to take; "" where it
  // keeps statistics.
  virtual std::string index_hint(std::string_view index) const = 0;
};

// Thread-safe. The stores made on it must not outlive it.
class Database {
 public:
  virtual ~Database() = default;
  // Runs `body` in one transaction; what it returns decides whether it is committed. It may run
  // again when that transaction had to be given up. Durable when this returns success; Unavailable:
  // not done, or, when the database went away during the commit itself, perhaps done.
  virtual Status write(const std::function<Status(Connection&)>& body) = 0;
  // A connection that sees the last commit.
  virtual Result<std::unique_ptr<Connection>> read() = 0;
};

// Makes or upgrades the file. Unsupported, with a sentence for people, when a newer release wrote
// it.
Result<std::unique_ptr<Database>> open_sqlite(const std::string& path);

}  // namespace clary::meta
