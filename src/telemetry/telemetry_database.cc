#include "telemetry/telemetry_database.h"

#include <array>

namespace clary::telemetry {
namespace {

constexpr std::string_view kFormat1 = R"sql(
CREATE TABLE log_stream (
  id INTEGER PRIMARY KEY,
  log_group TEXT NOT NULL,
  name TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  first_ms INTEGER,
  last_ms INTEGER,
  next_index INTEGER NOT NULL DEFAULT 0,
  UNIQUE (log_group, name)
);
CREATE TABLE log_block (
  id INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  count INTEGER NOT NULL,
  codec INTEGER NOT NULL,
  plain_bytes INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
CREATE UNIQUE INDEX log_block_by_index ON log_block (stream, first_index);
CREATE INDEX log_block_by_time ON log_block (stream, time_ms, first_index);

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  space TEXT NOT NULL,
  name TEXT NOT NULL,
  dimensions TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 0,
  sum REAL NOT NULL DEFAULT 0,
  minimum REAL,
  maximum REAL,
  last REAL,
  last_us INTEGER,
  UNIQUE (space, name, dimensions)
);
CREATE TABLE series_dimension (
  space TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  series INTEGER NOT NULL,
  PRIMARY KEY (space, name, value, series)
) WITHOUT ROWID;
CREATE TABLE sample (
  series INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  number INTEGER NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (series, time_us, number)
) WITHOUT ROWID;

CREATE TABLE record_source (
  kind TEXT NOT NULL,
  source TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (kind, source)
) WITHOUT ROWID;
)sql";
constexpr std::string_view kFormat2 = R"sql(
CREATE TABLE log_group (
  name TEXT PRIMARY KEY,
  created_ms INTEGER NOT NULL,
  retention_days INTEGER
) WITHOUT ROWID;
INSERT INTO log_group (name, created_ms)
  SELECT log_group, min(created_ms) FROM log_stream GROUP BY log_group;
ALTER TABLE log_block ADD COLUMN ingestion_ms INTEGER;
)sql";
// A series has a unit, and a sample may be a set. Hosts report their usage in percent. A stream is
// read by time alone.
constexpr std::string_view kFormat3 = R"sql(
CREATE TABLE series_with_unit (
  id INTEGER PRIMARY KEY,
  space TEXT NOT NULL,
  name TEXT NOT NULL,
  dimensions TEXT NOT NULL,
  unit TEXT NOT NULL,
  samples INTEGER NOT NULL DEFAULT 0,
  count REAL NOT NULL DEFAULT 0,
  sum REAL NOT NULL DEFAULT 0,
  minimum REAL,
  maximum REAL,
  last REAL,
  last_us INTEGER,
  UNIQUE (space, name, dimensions, unit)
);
INSERT INTO series_with_unit
  SELECT id, space, name, dimensions,
    CASE WHEN name IN ('CPUUtilization', 'MemoryUtilization', 'DiskUtilization', 'GPUUtilization',
                       'GPUMemoryUtilization')
      AND EXISTS (SELECT 1 FROM series_dimension d WHERE d.series = series.id AND d.name = 'Host')
    THEN 'Percent' ELSE 'None' END,
    count, count, sum, minimum, maximum, last, last_us FROM series;
DROP TABLE series;
ALTER TABLE series_with_unit RENAME TO series;
ALTER TABLE sample ADD COLUMN count REAL;
ALTER TABLE sample ADD COLUMN minimum REAL;
ALTER TABLE sample ADD COLUMN maximum REAL;
ALTER TABLE log_stream ADD COLUMN ingestion_ms INTEGER;
UPDATE log_stream SET ingestion_ms = last_ms;
DROP INDEX log_block_by_index;
CREATE TABLE log_group_tag (
  log_group TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (log_group, key)
) WITHOUT ROWID;
)sql";
constexpr std::array<std::string_view, 3> kMigrations = {kFormat1, kFormat2, kFormat3};

}  // namespace

std::span<const std::string_view> migrations() { return kMigrations; }

Result<std::unique_ptr<TelemetryDatabase>> TelemetryDatabase::open(const std::string& path) {
  CLARY_TRY(auto writer, sqlite::Database::open(path, {}));
  CLARY_RETURN_IF_ERROR(writer->execute("PRAGMA synchronous = NORMAL"));
  CLARY_RETURN_IF_ERROR(sqlite::migrate(*writer, migrations()));
  return std::unique_ptr<TelemetryDatabase>(new TelemetryDatabase(path, std::move(writer)));
}

Result<bool> TelemetryDatabase::take_number(std::string_view kind,
                                            const std::optional<RecordSource>& source) {
  if (!source) return true;
  CLARY_TRY(sqlite::Statement note,
            writer_->prepare("INSERT INTO record_source (kind, source, number) VALUES (?1, ?2, ?3) "
                             "ON CONFLICT DO UPDATE SET number = excluded.number "
                             "WHERE excluded.number > number"));
  note.bind(kind).bind(source->source).bind(static_cast<std::int64_t>(source->number));
  CLARY_RETURN_IF_ERROR(note.run());
  return writer_->changes() > 0;
}

}  // namespace clary::telemetry
