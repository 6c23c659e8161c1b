#include "meta/postgres_database.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread_pool.h"
#include "meta/postgres_connection.h"
#include "meta/postgres_sql.h"
#include "meta/schema.h"

namespace clary::meta {
namespace {

using std::chrono::steady_clock;

constexpr int kOldestServer = 130'000;  // 13.0: the oldest that its makers still mended in 2025
constexpr std::size_t kMostIdleReaders = 8;
// Any number will do, as long as it stays: "clary" in ASCII.
constexpr const char* kLock = "SELECT pg_advisory_lock(427020087929)";

// Whether the condition holds.
Result<bool> holds(Connection& connection, const std::string& condition) {
  CLARY_TRY(Statement ask, connection.prepare("SELECT 1 WHERE " + condition));
  return ask.step();
}

Status check_server(PostgresConnection& connection, const std::string& shown) {
  const int version = connection.server_version();
  if (version < kOldestServer) {
    return unsupported("metadata '" + shown + "': the server is PostgreSQL " +
                       std::to_string(version / 10'000) + ", and clary needs 13 or later");
  }
  CLARY_TRY(const bool standby, holds(connection, "pg_is_in_recovery()"));
  if (standby) {
    return unsupported("metadata '" + shown +
                       "': the server is a standby, which takes no writes: name the primary");
  }
  CLARY_TRY(const bool utf8, holds(connection, "current_setting('server_encoding') = 'UTF8'"));
  if (utf8) return {};
  return unsupported("metadata '" + shown + "': clary needs a database with ENCODING 'UTF8'");
}

// Of the tables in the database; 0: there are none.
Result<std::int64_t> format_of(Connection& connection) {
  CLARY_TRY(const bool there, holds(connection, "to_regclass('clary.format') IS NOT NULL"));
  if (!there) return 0;
  CLARY_TRY(Statement ask, connection.prepare("SELECT number FROM clary.format"));
  CLARY_TRY(const bool row, ask.step());
  return row ? ask.integer(0) : 0;
}

Status upgrade(PostgresConnection& connection, std::size_t format) {
  CLARY_RETURN_IF_ERROR(connection.execute("BEGIN"));
  // Who may not make schemas may have been given this one.
  CLARY_TRY(const bool there, holds(connection, "to_regnamespace('clary') IS NOT NULL"));
  if (!there) CLARY_RETURN_IF_ERROR(connection.execute("CREATE SCHEMA clary"));
  for (; format < migrations().size(); ++format)
    CLARY_RETURN_IF_ERROR(connection.execute(postgres_script(migrations()[format])));
  CLARY_RETURN_IF_ERROR(
      connection.execute("CREATE TABLE IF NOT EXISTS clary.format (number BIGINT NOT NULL); "
                         "DELETE FROM clary.format; INSERT INTO clary.format VALUES (" +
                         std::to_string(format) + ")"));
  return connection.commit();
}

Status migrate(PostgresConnection& connection, const std::string& shown) {
  const auto known = static_cast<std::int64_t>(migrations().size());
  CLARY_TRY(const std::int64_t format, format_of(connection));
  if (format > known) {
    return unsupported("metadata '" + shown + "': written by a newer release (format " +
                       std::to_string(format) + ", this release knows up to " +
                       std::to_string(known) + "); start that release, or use another database");
  }
  return format == known ? Status() : upgrade(connection, static_cast<std::size_t>(format));
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(const std::string& url, PostgresOptions options)
      : address_{.url = url, .deadline = options.deadline},
        options_(options),
        shown_(shown_url(url)) {}

  // Whether it can be written to.
  Status open() {
    MutexLock lock(writing_);
    return take_writer();
  }

  Status write(const std::function<Status(Connection&)>& body) override {
    const LentPlace lent;
    MutexLock lock(writing_);
    if (Status ready = take_writer(); !ready.ok()) {
      // A lock that somebody else has, too: later it may be free.
      if (ready.error().code == ErrorCode::kAlreadyExists)
        return unavailable(ready.error().message);
      return ready;
    }
    const Status done = transact(body);
    if (writer_ != nullptr && !writer_->is_usable()) writer_.reset();
    return done;
  }

  Result<std::unique_ptr<Connection>> read() override {
    std::unique_ptr<PostgresConnection> connection = idle_reader();
    if (connection == nullptr) {
      CLARY_TRY(connection, connect());
    }
    return std::unique_ptr<Connection>(std::make_unique<Reader>(*this, std::move(connection)));
  }

 private:
  // Goes back to the database when destroyed.
  class Reader final : public Connection {
   public:
    Reader(PostgresDatabase& database, std::unique_ptr<PostgresConnection> connection)
        : database_(database), connection_(std::move(connection)) {}
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() override { database_.give_back(std::move(connection_)); }

    Result<Statement> prepare(std::string_view sql) override { return connection_->prepare(sql); }
    Status execute(const std::string& script) override { return connection_->execute(script); }
    std::int64_t changes() const override { return connection_->changes(); }
    std::string index_hint(std::string_view index) const override {
      return connection_->index_hint(index);
    }

   private:
    PostgresDatabase& database_;
    std::unique_ptr<PostgresConnection> connection_;
  };

  Result<std::unique_ptr<PostgresConnection>> connect();
  Status take_writer() CLARY_REQUIRES(writing_);
  Status take_lock(PostgresConnection& connection);
  Status transact(const std::function<Status(Connection&)>& body) CLARY_REQUIRES(writing_);
  std::unique_ptr<PostgresConnection> idle_reader();
  void give_back(std::unique_ptr<PostgresConnection> connection);

  const PostgresAddress address_;
  const PostgresOptions options_;
  const std::string shown_;
  Mutex writing_;                                                          // before mutex_
  std::unique_ptr<PostgresConnection> writer_ CLARY_GUARDED_BY(writing_);  // holds the lock
  Mutex mutex_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_ CLARY_GUARDED_BY(mutex_);
  std::optional<Error> outage_ CLARY_GUARDED_BY(mutex_);
  steady_clock::time_point outage_until_ CLARY_GUARDED_BY(mutex_);
};

Result<std::unique_ptr<PostgresConnection>> PostgresDatabase::connect() {
  {
    MutexLock lock(mutex_);
    if (outage_ && steady_clock::now() < outage_until_) return *outage_;
  }
  Result<std::unique_ptr<PostgresConnection>> made = PostgresConnection::connect(address_);
  MutexLock lock(mutex_);
  outage_ = made.ok() ? std::nullopt : std::optional(made.error());
  outage_until_ = steady_clock::now() + options_.connect_pause;
  return made;
}

Status PostgresDatabase::take_writer() {
  if (writer_ != nullptr && writer_->is_usable()) return {};
  writer_.reset();
  CLARY_TRY(std::unique_ptr<PostgresConnection> made, connect());
  CLARY_RETURN_IF_ERROR(check_server(*made, shown_));
  CLARY_RETURN_IF_ERROR(take_lock(*made));
  // A newer release may have been here meanwhile.
  CLARY_RETURN_IF_ERROR(migrate(*made, shown_));
  writer_ = std::move(made);
  return {};
}

Status PostgresDatabase::take_lock(PostgresConnection& connection) {
  CLARY_RETURN_IF_ERROR(
      connection.execute("SET lock_timeout TO " + std::to_string(options_.lock_patience.count())));
  if (const Status locked = connection.execute(kLock); !locked.ok()) {
    if (!connection.is_usable()) return locked;
    return already_exists("metadata '" + shown_ +
                          "' is in use by another clary serve: stop it, or choose another database "
                          "with --metadata");
  }
  return connection.execute("SET lock_timeout TO 0");
}

Status PostgresDatabase::transact(const std::function<Status(Connection&)>& body) {
  CLARY_RETURN_IF_ERROR(writer_->execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"));
  const Status changed = body(*writer_);
  if (changed.ok()) return writer_->commit();
  // Without its connection a transaction ends as well.
  if (!writer_->execute("ROLLBACK").ok()) writer_.reset();
  return changed;
}

std::unique_ptr<PostgresConnection> PostgresDatabase::idle_reader() {
  MutexLock lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<PostgresConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->is_usable()) return connection;
  }
  return nullptr;
}

void PostgresDatabase::give_back(std::unique_ptr<PostgresConnection> connection) {
  if (!connection->is_usable()) return;
  MutexLock lock(mutex_);
  if (idle_.size() < kMostIdleReaders) idle_.push_back(std::move(connection));
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const std::string& url, PostgresOptions options) {
  auto database = std::make_unique<PostgresDatabase>(url, options);
  CLARY_RETURN_IF_ERROR(database->open());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace clary::meta
