#include "meta/postgres_connection.h"

#include <poll.h>
#include <postgresql/libpq-fe.h>

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "meta/postgres_sql.h"

namespace clary::meta {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Appendix A of PostgreSQL's manual: the class is the first two characters.
ErrorCode code_of(std::string_view state) {
  if (state == "23505") return ErrorCode::kAlreadyExists;  // unique_violation
  if (state == "42501") return ErrorCode::kDenied;         // insufficient_privilege
  if (state == "25006") return ErrorCode::kUnavailable;    // read_only_sql_transaction: a standby
  if (state == "53100") return ErrorCode::kLimitExceeded;  // disk_full
  const std::string_view group = state.substr(0, 2);
  // Connection, resources, the operator's doing, transactions given up for each other, locks.
  for (const std::string_view passing : {"08", "53", "57", "40", "55"}) {
    if (group == passing) return ErrorCode::kUnavailable;
  }
  return ErrorCode::kInternal;
}

std::string one_line(std::string_view text) {
  return std::string(trim(text.substr(0, text.find('\n'))));
}

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

class PostgresCursor final : public Cursor {
 public:
  PostgresCursor(PostgresConnection& connection, std::string_view sql)
      : connection_(connection), sql_(sql) {}

  void bind_integer(std::int64_t value) override {
    parameters_.emplace_back(std::to_string(value));
  }
  void bind_text(std::string_view text) override { parameters_.emplace_back(postgres_text(text)); }
  void bind_null() override { parameters_.emplace_back(std::nullopt); }

  Result<bool> step() override {
    if (answer_ == nullptr) {
      CLARY_TRY(answer_, connection_.run_prepared(sql_, parameters_));
      row_ = -1;
    }
    return ++row_ < PQntuples(answer_.get());
  }
  void reset() override {
    answer_.reset();
    parameters_.clear();
  }

  bool is_null(int column) const override { return PQgetisnull(answer_.get(), row_, column) != 0; }
  std::int64_t integer(int column) const override { return number_of(view(column)); }
  std::string_view view(int column) const override {
    const int length = PQgetlength(answer_.get(), row_, column);
    return {PQgetvalue(answer_.get(), row_, column), static_cast<std::size_t>(length)};
  }

 private:
  PostgresConnection& connection_;
  const std::string sql_;
  PostgresConnection::Parameters parameters_;
  PostgresConnection::Answer answer_;
  int row_ = -1;
};

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::connect(
    const PostgresAddress& address) {
  // What stands before "dbname" the URL may set otherwise; a machine that is gone is noticed.
  constexpr const char* kNames[] = {
      "connect_timeout",  "keepalives_idle",  "keepalives_interval",
      "keepalives_count", "tcp_user_timeout", "fallback_application_name",
      "dbname",           "client_encoding",  nullptr};
  const char* const values[] = {"5",    "5",    "2", "3", "10000", "clary", address.url.c_str(),
                                "UTF8", nullptr};
  PGconn* const made = PQconnectdbParams(kNames, values, 1);
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(address, made));
  if (made == nullptr) return internal_error("metadata: out of memory");
  if (PQstatus(made) != CONNECTION_OK) {
    const std::string said = one_line(PQerrorMessage(made));
    return unavailable("metadata '" + shown_url(address.url) +
                       "': connect: " + without_password(said, address.url));
  }
  PQsetNoticeProcessor(made, [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(made, 1) != 0) return connection->lost("it cannot be set up");
  // The server gives a statement up before this side gives the connection up.
  const auto patience = std::to_string(address.deadline.count() * 4 / 5);
  CLARY_RETURN_IF_ERROR(
      connection->execute("SET search_path TO clary; SET statement_timeout TO " + patience +
                          "; SELECT set_config('synchronous_commit', 'on', false) "
                          "WHERE current_setting('synchronous_commit') = 'off'"));
  return connection;
}

void PostgresConnection::Clear::operator()(pg_result* result) const { PQclear(result); }

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

Result<Statement> PostgresConnection::prepare(std::string_view sql) {
  return Statement(std::make_unique<PostgresCursor>(*this, sql));
}

Status PostgresConnection::execute(const std::string& script) {
  const int sent = PQsendQuery(connection_, script.c_str());
  CLARY_TRY([[maybe_unused]] const Answer done, answer(sent, script.substr(0, 60)));
  return {};
}

Status PostgresConnection::commit() {
  CLARY_TRY(const Answer done, answer(PQsendQuery(connection_, "COMMIT"), "commit"));
  if (std::string_view(PQcmdStatus(done.get())) == "COMMIT") return {};
  return conflict("metadata '" + shown_url(address_.url) + "': a statement had failed");
}

int PostgresConnection::server_version() const { return PQserverVersion(connection_); }

bool PostgresConnection::is_usable() {
  if (given_up_ || PQstatus(connection_) != CONNECTION_OK) return false;
  // Nothing is asked now: what can be read is a notice, or the end.
  pollfd ready{PQsocket(connection_), POLLIN, 0};
  while (::poll(&ready, 1, 0) > 0) {
    if (PQconsumeInput(connection_) == 0) return false;
    static_cast<void>(PQisBusy(connection_));  // takes in what was read
    if (PQstatus(connection_) != CONNECTION_OK) return false;
  }
  return PQstatus(connection_) == CONNECTION_OK;
}

Result<PostgresConnection::Answer> PostgresConnection::run_prepared(const std::string& sql,
                                                                    const Parameters& parameters) {
  auto found = prepared_.find(sql);
  if (found == prepared_.end()) {
    const std::string name = "s" + std::to_string(prepared_.size());
    const std::string own = postgres_statement(sql);
    const int sent = PQsendPrepare(connection_, name.c_str(), own.c_str(), 0, nullptr);
    CLARY_TRY([[maybe_unused]] const Answer done, answer(sent, sql));
    found = prepared_.emplace(sql, name).first;
  }
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters)
    values.push_back(parameter ? parameter->c_str() : nullptr);
  const int sent =
      PQsendQueryPrepared(connection_, found->second.c_str(), static_cast<int>(values.size()),
                          values.data(), nullptr, nullptr, 0);
  CLARY_TRY(Answer done, answer(sent, sql));
  changes_ = number_of(PQcmdTuples(done.get()));
  return done;
}

Result<PostgresConnection::Answer> PostgresConnection::answer(int sent, std::string_view wanted) {
  if (given_up_) return lost("no connection");
  if (sent != 1) return lost(PQerrorMessage(connection_));
  const auto deadline = steady_clock::now() + address_.deadline;
  Answer last;
  std::optional<Error> failed;
  while (true) {
    CLARY_TRY(Answer next, next_answer(deadline));
    if (next == nullptr) break;
    const ExecStatusType status = PQresultStatus(next.get());
    if (!failed && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
      failed = failure(next.get(), wanted);
    last = std::move(next);
  }
  if (failed) return *failed;
  if (last == nullptr) return lost("no answer");
  return last;
}

// Null after the last one.
Result<PostgresConnection::Answer> PostgresConnection::next_answer(
    steady_clock::time_point deadline) {
  while (true) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) return lost(PQerrorMessage(connection_));
    if (unsent == 0 && PQisBusy(connection_) == 0) return Answer(PQgetResult(connection_));
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    pollfd ready{PQsocket(connection_), POLLIN, 0};
    if (unsent > 0) ready.events |= POLLOUT;
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0)
      return lost("no answer within " + std::to_string(address_.deadline.count()) + " ms");
    if ((ready.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) == 0)
      return lost(PQerrorMessage(connection_));
  }
}

Error PostgresConnection::failure(const pg_result* result, std::string_view wanted) {
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* const said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr || said == nullptr || PQstatus(connection_) != CONNECTION_OK)
    return lost(said == nullptr ? PQerrorMessage(connection_) : said);
  return {code_of(state), "metadata '" + shown_url(address_.url) + "': " + std::string(wanted) +
                              ": " + one_line(said)};
}

Error PostgresConnection::lost(std::string_view why) {
  given_up_ = true;
  return unavailable("metadata '" + shown_url(address_.url) +
                     "': " + without_password(one_line(why), address_.url));
}

}  // namespace clary::meta
