#include "telemetry/sqlite_metric_store.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"

namespace clary::telemetry {
namespace {

std::int64_t to_us(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint from_us(std::int64_t us) { return TimePoint(Duration(us)); }

// The dimensions as one text that is equal exactly when they are: [["name","value"],...].
std::string dimensions_text(const SeriesId& series) {
  Document::Array pairs;
  for (const auto& [name, value] : series.dimensions) {
    pairs.push_back(Document::array({name, value}));
  }
  return to_json(Document(std::move(pairs)));
}

struct SeriesRow {
  std::int64_t id = 0;
  std::int64_t samples = 0;
  double minimum = 0, maximum = 0;
  std::int64_t last_us = 0;
};

Result<std::optional<SeriesRow>> find_series(sqlite::Database& database, const SeriesId& series) {
  CLARY_TRY(sqlite::Statement find,
            database.prepare("SELECT id, samples, minimum, maximum, last_us FROM series "
                             "WHERE space = ?1 AND name = ?2 AND dimensions = ?3 AND unit = ?4"));
  find.bind(series.space).bind(series.name).bind(dimensions_text(series)).bind(series.unit);
  CLARY_TRY(const bool there, find.step());
  if (!there) return std::optional<SeriesRow>();
  return std::optional(
      SeriesRow{find.integer(0), find.integer(1), find.real(2), find.real(3), find.integer(4)});
}

Result<SeriesRow> make_series(sqlite::Database& database, const SeriesId& series) {
  CLARY_TRY(sqlite::Statement insert,
            database.prepare("INSERT INTO series (space, name, dimensions, unit) "
                             "VALUES (?1, ?2, ?3, ?4)"));
  insert.bind(series.space).bind(series.name).bind(dimensions_text(series)).bind(series.unit);
  CLARY_RETURN_IF_ERROR(insert.run());
  const SeriesRow row{.id = database.last_row_id()};
  for (const auto& [name, value] : series.dimensions) {
    CLARY_TRY(sqlite::Statement dimension,
              database.prepare("INSERT INTO series_dimension (space, name, value, series) "
                               "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"));
    dimension.bind(series.space).bind(name).bind(value).bind(row.id);
    CLARY_RETURN_IF_ERROR(dimension.run());
  }
  return row;
}

bool is_finite(const SampleSet& set) {
  return std::isfinite(set.count) && std::isfinite(set.minimum) && std::isfinite(set.maximum);
}

Status check_samples(const std::vector<SeriesSamples>& batch) {
  for (const SeriesSamples& part : batch) {
    for (const Sample& sample : part.samples) {
      const std::string what = "metric '" + part.series.name + "': a sample ";
      if (!std::isfinite(sample.value) || (sample.set && !is_finite(*sample.set)))
        return invalid_argument(what + "is no finite number");
      if (sample.count() <= 0) return invalid_argument(what + "counts for nothing");
    }
  }
  return {};
}

// The three columns of a sample that are NULL where it is one measurement.
void bind_set(sqlite::Statement& insert, const std::optional<SampleSet>& set) {
  if (set) {
    insert.bind(set->count).bind(set->minimum).bind(set->maximum);
  } else {
    insert.bind_null().bind_null().bind_null();
  }
}

}  // namespace

Status SqliteMetricStore::append(const std::vector<SeriesSamples>& batch,
                                 const std::optional<RecordSource>& source) {
  CLARY_RETURN_IF_ERROR(check_samples(batch));
  MutexLock lock(database_.write_mutex());
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database_.writer()));
  CLARY_TRY(const bool is_new, database_.take_number("metric", source));
  if (is_new) {
    for (const SeriesSamples& part : batch) {
      if (!part.samples.empty()) CLARY_RETURN_IF_ERROR(append_series(part));
    }
  }
  return transaction.commit();
}

Status SqliteMetricStore::append_series(const SeriesSamples& batch) {
  sqlite::Database& database = database_.writer();
  CLARY_TRY(std::optional<SeriesRow> found, find_series(database, batch.series));
  if (!found) {
    CLARY_TRY(found, make_series(database, batch.series));
  }
  SeriesRow& row = *found;
  CLARY_TRY(sqlite::Statement insert,
            database.prepare("INSERT INTO sample (series, time_us, number, value, count, minimum, "
                             "maximum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  double count = 0;
  double sum = 0;
  double last = 0;
  for (const Sample& sample : batch.samples) {
    insert.bind(row.id).bind(to_us(sample.time)).bind(row.samples).bind(sample.value);
    bind_set(insert, sample.set);
    CLARY_RETURN_IF_ERROR(insert.run());
    insert.reset();
    const SampleSet set = sample.set.value_or(SampleSet{1, sample.value, sample.value});
    row.minimum = row.samples == 0 ? set.minimum : std::min(row.minimum, set.minimum);
    row.maximum = row.samples == 0 ? set.maximum : std::max(row.maximum, set.maximum);
    row.last_us = to_us(sample.time);
    count += set.count;
    sum += sample.value;
    last = sample.mean();
    ++row.samples;
  }
  CLARY_TRY(sqlite::Statement update,
            database.prepare("UPDATE series SET samples = ?2, count = count + ?3, sum = sum + ?4, "
                             "minimum = ?5, maximum = ?6, last = ?7, last_us = ?8 WHERE id = ?1"));
  update.bind(row.id).bind(row.samples).bind(count).bind(sum);
  update.bind(row.minimum).bind(row.maximum).bind(last).bind(row.last_us);
  return update.run();
}

Result<std::vector<Aggregate>> SqliteMetricStore::aggregate(const SeriesId& series, TimePoint start,
                                                            TimePoint end, Duration period) {
  if (period.count() <= 0) return invalid_argument("metric period: it must be positive");
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(const auto row, find_series(*reader, series));
  std::vector<Aggregate> aggregates;
  if (!row) return aggregates;
  CLARY_TRY(sqlite::Statement find,
            reader->prepare("SELECT time_us / ?4, sum(value), min(coalesce(minimum, value)), "
                            "max(coalesce(maximum, value)), sum(coalesce(count, 1)) "
                            "FROM sample WHERE series = ?1 AND time_us >= ?2 AND time_us < ?3 "
                            "GROUP BY 1 ORDER BY 1"));
  find.bind(row->id).bind(to_us(start)).bind(to_us(end)).bind(std::int64_t{period.count()});
  while (true) {
    CLARY_TRY(const bool there, find.step());
    if (!there) return aggregates;
    aggregates.push_back({.start = from_us(find.integer(0) * period.count()),
                          .sum = find.real(1),
                          .minimum = find.real(2),
                          .maximum = find.real(3),
                          .count = find.real(4)});
  }
}

Result<std::vector<SeriesSummary>> SqliteMetricStore::summaries(const std::string& space,
                                                                const std::string& dimension,
                                                                const std::string& value) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(sqlite::Statement find,
            reader->prepare(
                "SELECT s.name, s.last, s.minimum, s.maximum, s.sum, s.count, s.last_us, "
                "s.unit "
                "FROM series_dimension d JOIN series s ON s.id = d.series "
                "WHERE d.space = ?1 AND d.name = ?2 AND d.value = ?3 ORDER BY s.name, s.unit"));
  find.bind(space).bind(dimension).bind(value);
  std::vector<SeriesSummary> found;
  while (true) {
    CLARY_TRY(const bool there, find.step());
    if (!there) return found;
    found.push_back({.name = find.text(0),
                     .unit = find.text(7),
                     .last = find.real(1),
                     .minimum = find.real(2),
                     .maximum = find.real(3),
                     .sum = find.real(4),
                     .count = find.real(5),
                     .last_time = from_us(find.integer(6))});
  }
}

Result<std::vector<Sample>> SqliteMetricStore::samples(const SeriesId& series) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(const auto row, find_series(*reader, series));
  std::vector<Sample> found;
  if (!row) return found;
  CLARY_TRY(sqlite::Statement find,
            reader->prepare("SELECT time_us, value, count, minimum, maximum FROM sample "
                            "WHERE series = ?1 ORDER BY time_us, number"));
  find.bind(row->id);
  while (true) {
    CLARY_TRY(const bool there, find.step());
    if (!there) return found;
    Sample sample{.time = from_us(find.integer(0)), .value = find.real(1)};
    if (!find.is_null(2)) sample.set = {find.real(2), find.real(3), find.real(4)};
    found.push_back(sample);
  }
}

Result<std::vector<std::string>> SqliteMetricStore::units(const SeriesId& series) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(sqlite::Statement find,
            reader->prepare("SELECT unit FROM series WHERE space = ?1 AND name = ?2 "
                            "AND dimensions = ?3 ORDER BY unit"));
  find.bind(series.space).bind(series.name).bind(dimensions_text(series));
  std::vector<std::string> found;
  while (true) {
    CLARY_TRY(const bool there, find.step());
    if (!there) return found;
    found.push_back(find.text(0));
  }
}

Result<std::vector<SeriesSeen>> SqliteMetricStore::series(const std::string& space) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(sqlite::Statement find,
            reader->prepare("SELECT space, name, dimensions, last_us, unit FROM series "
                            "WHERE space = ?1 OR ?1 = '' ORDER BY space, name, dimensions, unit"));
  find.bind(space);
  std::vector<SeriesSeen> found;
  while (true) {
    CLARY_TRY(const bool there, find.step());
    if (!there) return found;
    SeriesSeen seen{.series = {.space = find.text(0),
                               .name = find.text(1),
                               .dimensions = {},
                               .unit = find.text(4)},
                    .last_time = from_us(find.integer(3))};
    CLARY_TRY(const Document pairs, parse_json(find.view(2)));
    for (const Document& pair : *pairs.as_array()) {
      const Document::Array& both = *pair.as_array();
      seen.series.dimensions.emplace_back(*both[0].as_string(), *both[1].as_string());
    }
    found.push_back(std::move(seen));
  }
}

Status SqliteMetricStore::clear() {
  MutexLock lock(database_.write_mutex());
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database_.writer()));
  CLARY_RETURN_IF_ERROR(database_.writer().execute(
      "DELETE FROM sample; DELETE FROM series_dimension; DELETE FROM series; "
      "DELETE FROM record_source WHERE kind = 'metric'"));
  return transaction.commit();
}

}  // namespace clary::telemetry
