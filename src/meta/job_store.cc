#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/strings.h"
#include "meta/job_list.h"
#include "meta/job_rows.h"
#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::Effect;
using domain::EffectKind;
using domain::Job;
using domain::JobChange;
using domain::JobEvent;
using domain::JobKind;
using domain::JobPage;
using domain::JobQuery;
using domain::Tag;

Error no_job(const JobName& name) { return not_found("job '" + name.value() + "': not there"); }

Status insert_events(Connection& connection, const JobChange& change) {
  if (change.events.empty()) return {};
  const auto kind = static_cast<std::int64_t>(change.job.kind);
  CLARY_TRY(Statement last,
            connection.prepare("SELECT max(number) FROM job_events WHERE kind = ?1 AND name = ?2"));
  last.bind(kind).bind(change.job.name.value());
  CLARY_RETURN_IF_ERROR(last.step());
  std::int64_t number = last.integer(0);
  CLARY_TRY(Statement insert,
            connection.prepare("INSERT INTO job_events VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  for (const JobEvent& event : change.events) {
    insert.bind(kind).bind(change.job.name.value()).bind(++number).bind(to_column(event.time));
    insert.bind(event.phase ? std::optional(static_cast<std::int64_t>(*event.phase)) : std::nullopt)
        .bind(event.message);
    CLARY_RETURN_IF_ERROR(insert.run());
    insert.reset();
  }
  return {};
}

Status insert_effects(Connection& connection, const JobChange& change) {
  for (const Effect& effect : change.effects) {
    CLARY_TRY(
        Statement insert,
        connection.prepare(
            "INSERT INTO effects (job, effect, gang, kind, text) VALUES (?1, ?2, ?3, ?4, ?5)"));
    insert.bind(effect.job.name.value())
        .bind(static_cast<std::int64_t>(effect.kind))
        .bind(effect.gang.value())
        .bind(static_cast<std::int64_t>(effect.job.kind))
        .bind(effect.text);
    CLARY_RETURN_IF_ERROR(insert.run());
  }
  return {};
}

Status delete_effect(Connection& connection, std::uint64_t id) {
  CLARY_TRY(Statement remove, connection.prepare("DELETE FROM effects WHERE id = ?1"));
  remove.bind(static_cast<std::int64_t>(id));
  return remove.run();
}

// Whether the number was above the last one taken.
Result<bool> raise_record(Connection& connection, const std::string& source, std::uint64_t number) {
  CLARY_TRY(
      Statement raise,
      connection.prepare("INSERT INTO records VALUES (?1, ?2) ON CONFLICT (source) DO UPDATE SET "
                         "number = excluded.number WHERE excluded.number > records.number"));
  raise.bind(source).bind(static_cast<std::int64_t>(number));
  CLARY_RETURN_IF_ERROR(raise.run());
  return connection.changes() > 0;
}

Status put_tags(Connection& connection, const Arn& resource, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    CLARY_TRY(
        Statement put,
        connection.prepare("INSERT INTO tags VALUES (?1, ?2, ?3) "
                           "ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value"));
    put.bind(to_lower(resource.value())).bind(tag.key).bind(tag.value);
    CLARY_RETURN_IF_ERROR(put.run());
  }
  return {};
}

// What stands beside the row: events, effects, the record.
Status insert_rest(Connection& connection, const JobChange& change) {
  CLARY_RETURN_IF_ERROR(insert_events(connection, change));
  CLARY_RETURN_IF_ERROR(insert_effects(connection, change));
  if (change.effect_done) CLARY_RETURN_IF_ERROR(delete_effect(connection, *change.effect_done));
  if (!change.record_taken) return {};
  CLARY_TRY(const bool fresh,
            raise_record(connection, change.record_taken->first, change.record_taken->second));
  if (fresh) return {};
  return already_exists("job '" + change.job.name.value() + "': record " +
                        std::to_string(change.record_taken->second) + " of '" +
                        change.record_taken->first + "' was taken before");
}

Status require_job(Connection& connection, const Job& job) {
  CLARY_TRY(Statement there,
            connection.prepare("SELECT 1 FROM jobs WHERE kind = ?1 AND name = ?2"));
  there.bind(static_cast<std::int64_t>(job.kind)).bind(job.name.value());
  CLARY_TRY(const bool found, there.step());
  if (!found) return no_job(job.name);
  return {};
}

Status update_row(Connection& connection, const Job& job) {
  static const std::string sql = "UPDATE jobs SET (" + std::string(kJobColumns) +
                                 ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
                                 "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) "
                                 "WHERE kind = ?1 AND name = ?2 AND version + 1 = ?20";
  CLARY_TRY(Statement update, connection.prepare(sql));
  bind_job(update, job, job.version + 1);
  CLARY_RETURN_IF_ERROR(update.run());
  if (connection.changes() == 1) return {};
  return conflict("job '" + job.name.value() + "': it has changed meanwhile");
}

class StoredJobs final : public domain::JobStore {
 public:
  explicit StoredJobs(Database& database) : database_(database) {}

  Status create(const JobChange& change, const std::vector<Tag>& tags) override {
    return database_.write([&](Connection& connection) -> Status {
      static const std::string sql = "INSERT INTO jobs (" + std::string(kJobColumns) +
                                     ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                                     "?12, ?13, ?14, ?15, ?16, ?17, ?18, "
                                     "?19, ?20, ?21)";
      CLARY_TRY(Statement insert, connection.prepare(sql));
      bind_job(insert, change.job, 1);
      if (Status inserted = insert.run(); !inserted.ok()) {
        if (inserted.error().code != ErrorCode::kAlreadyExists) return inserted;
        return already_exists("job '" + change.job.name.value() + "': there already");
      }
      CLARY_RETURN_IF_ERROR(insert_rest(connection, change));
      return put_tags(connection, change.job.arn, tags);
    });
  }

  Status commit(const JobChange& change) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_RETURN_IF_ERROR(require_job(connection, change.job));
      // A record that was taken before is said first: who resends it need not read the job again.
      CLARY_RETURN_IF_ERROR(insert_rest(connection, change));
      return update_row(connection, change.job);
    });
  }

  Result<Job> find(JobKind kind, const JobName& name) override {
    static const std::string sql =
        "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE kind = ?1 AND name = ?2";
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(sql));
    find.bind(static_cast<std::int64_t>(kind)).bind(name.value());
    CLARY_TRY(const bool found, find.step());
    if (!found) return no_job(name);
    return read_job(find);
  }

  Result<Job> find_by_gang(const GangId& gang) override {
    static const std::string sql =
        "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE gang = ?1";
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(sql));
    find.bind(gang.value());
    CLARY_TRY(const bool found, find.step());
    if (!found) return not_found("gang '" + gang.value() + "': no job has it");
    return read_job(find);
  }

  Result<JobPage> list(const JobQuery& query) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(const ListStatement statement, list_statement(*reader, query));
    CLARY_TRY(Statement select, reader->prepare(statement.sql));
    bind_all(select, statement.parameters);
    JobPage page;
    while (true) {
      CLARY_TRY(const bool row, select.step());
      if (!row) return page;
      if (page.jobs.size() == query.limit) break;
      CLARY_TRY(Job job, read_job(select));
      page.jobs.push_back(std::move(job));
    }
    if (!page.jobs.empty()) page.next = page_token(query, page.jobs.back());
    return page;
  }

  Result<std::map<domain::Phase, std::uint64_t>> count_by_phase(
      std::span<const JobKind> kinds) override {
    if (kinds.empty()) return std::map<domain::Phase, std::uint64_t>();
    // '+': to read the table is less than to go to each row by an index.
    std::string sql = "SELECT phase, count(*) FROM jobs WHERE +kind IN (";
    for (const JobKind kind : kinds)
      sql += (sql.back() == '(' ? "" : ", ") + std::to_string(static_cast<int>(kind));
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement select, reader->prepare(sql + ") GROUP BY phase"));
    std::map<domain::Phase, std::uint64_t> counts;
    while (true) {
      CLARY_TRY(const bool row, select.step());
      if (!row) return counts;
      CLARY_TRY(const domain::Phase phase, phase_of(select.integer(0)));
      counts[phase] = static_cast<std::uint64_t>(select.integer(1));
    }
  }

  Result<std::vector<JobEvent>> events(JobKind kind, const JobName& name) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(
        Statement select,
        reader->prepare(
            "SELECT number, time, phase, message FROM job_events WHERE kind = ?1 AND name = ?2 "
            "ORDER BY number"));
    select.bind(static_cast<std::int64_t>(kind)).bind(name.value());
    std::vector<JobEvent> events;
    while (true) {
      CLARY_TRY(const bool row, select.step());
      if (!row) break;
      JobEvent event{.number = static_cast<std::uint64_t>(select.integer(0)),
                     .time = time_of(select.integer(1))};
      if (!select.is_null(2)) {
        CLARY_TRY(event.phase, phase_of(select.integer(2)));
      }
      event.message = select.text(3);
      events.push_back(std::move(event));
    }
    if (events.empty()) return no_job(name);  // every job has the event of its creation
    return events;
  }

  Result<std::vector<Effect>> unfinished_effects() override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement select,
              reader->prepare("SELECT id, job, effect, gang, kind, text FROM effects ORDER BY id"));
    std::vector<Effect> effects;
    while (true) {
      CLARY_TRY(const bool row, select.step());
      if (!row) return effects;
      effects.push_back({.id = static_cast<std::uint64_t>(select.integer(0)),
                         .job = {static_cast<JobKind>(select.integer(4)), JobName(select.text(1))},
                         .kind = static_cast<EffectKind>(select.integer(2)),
                         .gang = GangId(select.text(3)),
                         .text = select.text(5)});
    }
  }

  Status finish_effect(std::uint64_t id) override {
    return database_.write([id](Connection& connection) { return delete_effect(connection, id); });
  }

  Result<std::uint64_t> last_record(const std::string& source) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement select, reader->prepare("SELECT number FROM records WHERE source = ?1"));
    select.bind(source);
    CLARY_TRY(const bool row, select.step());
    return row ? static_cast<std::uint64_t>(select.integer(0)) : 0;
  }

  Status take_record(const std::string& source, std::uint64_t number) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_RETURN_IF_ERROR(raise_record(connection, source, number));
      return {};
    });
  }

  Result<std::vector<Tag>> tags(const Arn& resource) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement select,
              reader->prepare("SELECT key, value FROM tags WHERE resource = ?1 ORDER BY key"));
    select.bind(to_lower(resource.value()));
    std::vector<Tag> tags;
    while (true) {
      CLARY_TRY(const bool row, select.step());
      if (!row) return tags;
      tags.push_back({.key = select.text(0), .value = select.text(1)});
    }
  }

  Status add_tags(const Arn& resource, const std::vector<Tag>& tags) override {
    return database_.write(
        [&](Connection& connection) { return put_tags(connection, resource, tags); });
  }

  Status remove_tags(const Arn& resource, const std::vector<std::string>& keys) override {
    return database_.write([&](Connection& connection) -> Status {
      for (const std::string& key : keys) {
        CLARY_TRY(Statement remove,
                  connection.prepare("DELETE FROM tags WHERE resource = ?1 AND key = ?2"));
        remove.bind(to_lower(resource.value())).bind(key);
        CLARY_RETURN_IF_ERROR(remove.run());
      }
      return {};
    });
  }

  Status clear() override {
    return database_.write([](Connection& connection) {
      return connection.execute(
          "DELETE FROM jobs; DELETE FROM job_events; DELETE FROM effects; DELETE FROM records; "
          "DELETE FROM tags;");
    });
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<domain::JobStore> make_job_store(Database& database) {
  return std::make_unique<StoredJobs>(database);
}

}  // namespace clary::meta
