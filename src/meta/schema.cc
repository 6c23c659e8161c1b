#include "meta/schema.h"

#include <array>

namespace clary::meta {
namespace {

// One entry per format. An entry that was released is never changed; a new format is a new entry at
// the end. Times are microseconds since the epoch.
constexpr auto kMigrations = std::to_array<std::string_view>({R"sql(
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
)sql",
                                                              R"sql(
ALTER TABLE access_keys ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_keys ADD COLUMN active INTEGER NOT NULL DEFAULT 1;

CREATE TABLE identities (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  path TEXT NOT NULL,
  created INTEGER NOT NULL,
  trust TEXT NOT NULL,
  description TEXT NOT NULL,
  max_session_seconds INTEGER NOT NULL,
  tags TEXT NOT NULL,
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;

CREATE TABLE identity_policies (
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  arn TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (kind, name, key)
) WITHOUT ROWID;
)sql",
                                                              R"sql(
ALTER TABLE effects ADD COLUMN text TEXT NOT NULL DEFAULT '';
)sql",
                                                              R"sql(
CREATE TABLE managed_policies (
  arn TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  record TEXT NOT NULL
) WITHOUT ROWID;
)sql",
                                                              R"sql(
CREATE TABLE resources (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  status_rank INTEGER NOT NULL,
  version INTEGER NOT NULL,
  record TEXT NOT NULL
);
CREATE UNIQUE INDEX resources_by_key ON resources (kind, key);
CREATE INDEX resources_by_creation ON resources (kind, created, key);
CREATE INDEX resources_by_status ON resources (kind, status_rank, key);
)sql",
                                                              R"sql(
CREATE TABLE kept_texts (
  space TEXT NOT NULL,
  key TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (space, key)
) WITHOUT ROWID;
)sql"});

}  // namespace

std::span<const std::string_view> migrations() { return kMigrations; }

}  // namespace clary::meta
