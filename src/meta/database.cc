#include "meta/database.h"

#include <array>
#include <string_view>

namespace clary::meta {
namespace {

// One entry per format. An entry that was released is never changed; a new format is a new entry at
// the end. Times are microseconds since the epoch.
constexpr std::array<std::string_view, 2> kMigrations = {R"sql(
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  arn TEXT NOT NULL,
  request TEXT NOT NULL,
  spec TEXT NOT NULL,
  phase INTEGER NOT NULL,
  status_rank INTEGER NOT NULL,
  stop_reason INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  gang TEXT NOT NULL,
  gang_handle TEXT NOT NULL,
  failure_reason TEXT NOT NULL,
  exit_code INTEGER,
  model_uri TEXT NOT NULL,
  output_uri TEXT NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  training_started INTEGER,
  training_ended INTEGER,
  version INTEGER NOT NULL
);
CREATE UNIQUE INDEX jobs_by_name ON jobs (kind, name);
CREATE UNIQUE INDEX jobs_by_gang ON jobs (gang);
CREATE INDEX jobs_by_creation ON jobs (kind, created, name);
CREATE INDEX jobs_by_status ON jobs (kind, status_rank, name);
-- The phases before the terminal ones.
CREATE INDEX jobs_live ON jobs (created, name) WHERE phase < 6;

CREATE TABLE job_events (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  time INTEGER NOT NULL,
  phase INTEGER,
  message TEXT NOT NULL,
  PRIMARY KEY (kind, name, number)
) WITHOUT ROWID;

CREATE TABLE effects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL,
  effect INTEGER NOT NULL,
  gang TEXT NOT NULL
);

CREATE TABLE records (
  source TEXT PRIMARY KEY,
  number INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tags (
  resource TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (resource, key)
) WITHOUT ROWID;

CREATE TABLE access_keys (
  id TEXT PRIMARY KEY,
  secret TEXT NOT NULL,
  session_token TEXT NOT NULL,
  expires INTEGER,
  principal TEXT NOT NULL,
  policy TEXT NOT NULL,
  gang TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX access_keys_by_gang ON access_keys (gang);
)sql",
                                                         R"sql(
ALTER TABLE jobs ADD COLUMN exit_message TEXT NOT NULL DEFAULT '';
ALTER TABLE effects ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
)sql"};

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  CLARY_TRY(std::unique_ptr<sqlite::Database> writer, sqlite::Database::open(path, {}));
  CLARY_RETURN_IF_ERROR(sqlite::migrate(*writer, kMigrations));
  return std::unique_ptr<Database>(new Database(std::move(writer), path));
}

Status Database::write(const std::function<Status(sqlite::Database&)>& body) {
  return commits_.commit(body);
}

}  // namespace clary::meta
