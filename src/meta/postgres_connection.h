// One connection to a PostgreSQL server, with a deadline for every answer.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "meta/database.h"

struct pg_conn;
struct pg_result;

namespace clary::meta {

struct PostgresAddress {
  std::string url;  // postgresql://...; a password it lacks comes from PGPASSWORD or ~/.pgpass
  // For the server's answer; when it has passed, the connection is given up.
  std::chrono::milliseconds deadline{10'000};
};

// As Connection asks. After Unavailable see is_usable().
class PostgresConnection final : public Connection {
 public:
  // `address` outlives it. Unavailable when nobody answers, Denied when the server refuses the
  // person.
  static Result<std::unique_ptr<PostgresConnection>> connect(const PostgresAddress& address);
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;
  ~PostgresConnection() override;

  Result<Statement> prepare(std::string_view sql) override;
  Status execute(const std::string& script) override;
  std::int64_t changes() const override { return changes_; }
  std::string index_hint(std::string_view) const override { return ""; }

  // Unavailable: perhaps committed; Conflict: rolled back, because a statement had failed.
  Status commit();
  // False when the server has closed it or a deadline has passed: it answers nothing any more.
  bool is_usable();
  int server_version() const;  // 150'003 is 15.3

 private:
  friend class PostgresCursor;
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, Clear>;
  using Parameters = std::vector<std::optional<std::string>>;

  PostgresConnection(const PostgresAddress& address, pg_conn* connection)
      : address_(address), connection_(connection) {}
  Result<Answer> run_prepared(const std::string& sql, const Parameters& parameters);
  // Of what was sent: the last answer, or the error of the first statement that failed.
  Result<Answer> answer(int sent, std::string_view wanted);
  Result<Answer> next_answer(std::chrono::steady_clock::time_point deadline);
  Error failure(const pg_result* result, std::string_view wanted);
  Error lost(std::string_view why);

  const PostgresAddress& address_;
  pg_conn* connection_;
  bool given_up_ = false;
  std::int64_t changes_ = 0;
  std::map<std::string, std::string, std::less<>> prepared_;  // SQL → the statement's name
};

}  // namespace clary::meta
