#include <utility>

#include "base/commit_queue.h"
#include "base/sqlite.h"
#include "meta/database.h"
#include "meta/schema.h"

namespace clary::meta {
namespace {

class SqliteCursor final : public Cursor {
 public:
  explicit SqliteCursor(sqlite::Statement statement) : statement_(std::move(statement)) {}

  void bind_integer(std::int64_t value) override { statement_.bind(value); }
  void bind_text(std::string_view text) override { statement_.bind(text); }
  void bind_null() override { statement_.bind_null(); }
  Result<bool> step() override { return statement_.step(); }
  void reset() override { statement_.reset(); }
  bool is_null(int column) const override { return statement_.is_null(column); }
  std::int64_t integer(int column) const override { return statement_.integer(column); }
  std::string_view view(int column) const override { return statement_.view(column); }

 private:
  sqlite::Statement statement_;
};

class SqliteConnection : public Connection {
 public:
  // `database` outlives it.
  explicit SqliteConnection(sqlite::Database& database) : database_(database) {}

  Result<Statement> prepare(std::string_view sql) override {
    CLARY_TRY(sqlite::Statement statement, database_.prepare(sql));
    return Statement(std::make_unique<SqliteCursor>(std::move(statement)));
  }
  Status execute(const std::string& script) override { return database_.execute(script); }
  std::int64_t changes() const override { return database_.changes(); }
  // It keeps no statistics here.
  std::string index_hint(std::string_view index) const override {
    return " INDEXED BY " + std::string(index);
  }

 private:
  sqlite::Database& database_;
};

class LeasedReader final : private sqlite::Readers::Lease, public SqliteConnection {
 public:
  explicit LeasedReader(sqlite::Readers::Lease lease)
      : sqlite::Readers::Lease(std::move(lease)),
        SqliteConnection(*static_cast<sqlite::Readers::Lease&>(*this)) {}
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::unique_ptr<sqlite::Database> writer, std::string path)
      : readers_(std::move(path)), commits_(std::move(writer)) {}

  // Concurrent writes share a transaction.
  Status write(const std::function<Status(Connection&)>& body) override {
    return commits_.commit([&body](sqlite::Database& database) {
      SqliteConnection connection(database);
      return body(connection);
    });
  }
  Result<std::unique_ptr<Connection>> read() override {
    CLARY_TRY(sqlite::Readers::Lease lease, readers_.take());
    return std::unique_ptr<Connection>(std::make_unique<LeasedReader>(std::move(lease)));
  }

 private:
  sqlite::Readers readers_;
  sqlite::CommitQueue commits_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path) {
  CLARY_TRY(std::unique_ptr<sqlite::Database> writer, sqlite::Database::open(path, {}));
  CLARY_RETURN_IF_ERROR(sqlite::migrate(*writer, migrations()));
  return std::unique_ptr<Database>(std::make_unique<SqliteDatabase>(std::move(writer), path));
}

}  // namespace clary::meta
