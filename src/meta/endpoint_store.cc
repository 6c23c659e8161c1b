#include "domain/endpoint_store.h"

#include <cstdint>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/strings.h"
#include "domain/resource_list.h"
#include "meta/conditions.h"
#include "meta/endpoint_json.h"
#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::Endpoint;
using domain::EndpointConfig;
using domain::ListedResource;
using domain::ListPlace;
using domain::Model;
using domain::Page;
using domain::ResourceQuery;

// How the rows of each are told apart, and read. The numbers stand in rows: they stay.
template <typename Record>
struct RowsOf;
template <>
struct RowsOf<Model> {
  static constexpr std::int64_t kKind = 0;
  static constexpr const char* kNoun = "model";
  static constexpr auto kWrite = &model_document;
  static constexpr auto kRead = &read_model;
};
template <>
struct RowsOf<EndpointConfig> {
  static constexpr std::int64_t kKind = 1;
  static constexpr const char* kNoun = "endpoint configuration";
  static constexpr auto kWrite = &config_document;
  static constexpr auto kRead = &read_config;
};
template <>
struct RowsOf<Endpoint> {
  static constexpr std::int64_t kKind = 2;
  static constexpr const char* kNoun = "endpoint";
  static constexpr auto kWrite = &endpoint_document;
  static constexpr auto kRead = &read_endpoint;
};

template <typename Record>
std::string called(const std::string& name) {
  return RowsOf<Record>::kNoun + (" '" + name + "'");
}

// Selected: key, record, version.
template <typename Record>
Result<Record> read_record(const Statement& row) {
  const auto unreadable = [&row](const std::string& why) {
    return internal_error(called<Record>(row.text(0)) + ": its record cannot be read: " + why);
  };
  const auto document = parse_json(row.view(1));
  if (!document.ok()) return unreadable(document.error().message);
  Result<Record> record = RowsOf<Record>::kRead(*document);
  if (!record.ok()) return unreadable(record.error().message);
  if constexpr (requires { record->version; })
    record->version = static_cast<std::uint64_t>(row.integer(2));
  return record;
}

template <typename Record>
Result<Record> find_record(Connection& connection, const std::string& name) {
  CLARY_TRY(Statement find,
            connection.prepare(
                "SELECT key, record, version FROM resources WHERE kind = ?1 AND key = ?2"));
  find.bind(RowsOf<Record>::kKind).bind(to_lower(name));
  CLARY_TRY(const bool found, find.step());
  if (!found) return not_found(called<Record>(name) + ": not there");
  return read_record<Record>(find);
}

// The columns after kind and key.
template <typename Record>
void bind_columns(Statement& statement, const Record& record, std::uint64_t version) {
  const ListedResource resource = listed(record);
  statement.bind(to_column(resource.created))
      .bind(to_column(resource.modified))
      .bind(std::int64_t{status_rank_of(resource)})
      .bind(static_cast<std::int64_t>(version))
      .bind(to_json(RowsOf<Record>::kWrite(record)));
}

template <typename Record>
Status insert_record(Connection& connection, const Record& record) {
  CLARY_TRY(Statement insert,
            connection.prepare("INSERT INTO resources (kind, key, created, modified, status_rank, "
                               "version, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  insert.bind(RowsOf<Record>::kKind).bind(to_lower(record.name.value()));
  bind_columns(insert, record, 1);
  const Status inserted = insert.run();
  if (inserted.ok() || inserted.error().code != ErrorCode::kAlreadyExists) return inserted;
  return already_exists(called<Record>(record.name.value()) + ": there already");
}

Status update_endpoint(Connection& connection, const Endpoint& endpoint) {
  const std::string& name = endpoint.name.value();
  CLARY_TRY(const Endpoint kept, find_record<Endpoint>(connection, name));
  if (kept.version != endpoint.version || kept.id != endpoint.id)
    return conflict(called<Endpoint>(name) + ": it has changed meanwhile");
  CLARY_TRY(Statement update,
            connection.prepare("UPDATE resources SET (created, modified, status_rank, version, "
                               "record) = (?3, ?4, ?5, ?6, ?7) WHERE kind = ?1 AND key = ?2"));
  update.bind(RowsOf<Endpoint>::kKind).bind(to_lower(name));
  bind_columns(update, endpoint, endpoint.version + 1);
  return update.run();
}

template <typename Record>
Status delete_record(Connection& connection, const std::string& name) {
  CLARY_TRY(Statement remove,
            connection.prepare("DELETE FROM resources WHERE kind = ?1 AND key = ?2"));
  remove.bind(RowsOf<Record>::kKind).bind(to_lower(name));
  CLARY_RETURN_IF_ERROR(remove.run());
  if (connection.changes() == 0) return not_found(called<Record>(name) + ": not there");
  return {};
}

// What a list is sorted by before the key; "": by the key alone.
std::string rank_column(ResourceQuery::Order order) {
  switch (order) {
    case ResourceQuery::Order::kName:
      return "";
    case ResourceQuery::Order::kCreationTime:
      return "created";
    case ResourceQuery::Order::kStatus:
      return "status_rank";
  }
  return "";
}

Result<Conditions> conditions_of(std::int64_t kind, const ResourceQuery& query) {
  Conditions conditions;
  conditions.add("kind = ?", kind);
  if (!query.name_contains.empty())
    conditions.add("replace(key, ?, '') <> key", to_lower(query.name_contains));
  conditions.add_time("created >= ?", query.created_after);
  conditions.add_time("created <= ?", query.created_before);
  conditions.add_time("modified >= ?", query.modified_after);
  conditions.add_time("modified <= ?", query.modified_before);
  if (query.status)
    conditions.add("status_rank = ?", std::int64_t{domain::status_rank(*query.status)});
  CLARY_TRY(const std::optional<ListPlace> begin, begin_of(query));
  if (!begin) return conditions;
  const std::string beyond = query.descending ? "<" : ">";
  const std::string column = rank_column(query.order);
  if (column.empty()) {
    conditions.add("key " + beyond + " ?", begin->key);
  } else {
    conditions.add("(" + column + ", key) " + beyond + " (?, ?)", begin->rank);
    conditions.parameters.emplace_back(begin->key);
  }
  return conditions;
}

template <typename Record>
Result<Page<Record>> list_records(Connection& connection, const ResourceQuery& query) {
  CLARY_TRY(Conditions conditions, conditions_of(RowsOf<Record>::kKind, query));
  const std::string direction = query.descending ? " DESC" : "";
  const std::string column = rank_column(query.order);
  CLARY_TRY(Statement select,
            connection.prepare("SELECT key, record, version FROM resources" + conditions.sql +
                               " ORDER BY " + (column.empty() ? "" : column + direction + ", ") +
                               "key" + direction + " LIMIT ?"));
  conditions.parameters.emplace_back(static_cast<std::int64_t>(query.limit) + 1);
  bind_all(select, conditions.parameters);
  Page<Record> page;
  while (true) {
    CLARY_TRY(const bool row, select.step());
    if (!row) return page;
    if (page.records.size() == query.limit) break;
    CLARY_TRY(Record record, read_record<Record>(select));
    page.records.push_back(std::move(record));
  }
  if (!page.records.empty())
    page.next = token_after(query, place_of(listed(page.records.back()), query.order));
  return page;
}

class StoredEndpoints final : public domain::EndpointStore {
 public:
  explicit StoredEndpoints(Database& database) : database_(database) {}

  Status create_model(const Model& model) override { return create(model); }
  Result<Model> find_model(const ModelName& name) override { return find<Model>(name.value()); }
  Status remove_model(const ModelName& name) override { return remove<Model>(name.value()); }
  Result<Page<Model>> list_models(const ResourceQuery& query) override {
    return list<Model>(query);
  }

  Status create_config(const EndpointConfig& config) override { return create(config); }
  Result<EndpointConfig> find_config(const EndpointConfigName& name) override {
    return find<EndpointConfig>(name.value());
  }
  Status remove_config(const EndpointConfigName& name) override {
    return remove<EndpointConfig>(name.value());
  }
  Result<Page<EndpointConfig>> list_configs(const ResourceQuery& query) override {
    return list<EndpointConfig>(query);
  }

  Status create_endpoint(const Endpoint& endpoint) override { return create(endpoint); }
  Result<Endpoint> find_endpoint(const EndpointName& name) override {
    return find<Endpoint>(name.value());
  }
  Status commit_endpoint(const Endpoint& endpoint) override {
    return database_.write(
        [&](Connection& connection) { return update_endpoint(connection, endpoint); });
  }
  Status remove_endpoint(const EndpointName& name) override {
    return remove<Endpoint>(name.value());
  }
  Result<Page<Endpoint>> list_endpoints(const ResourceQuery& query) override {
    return list<Endpoint>(query);
  }

  Status clear() override {
    return database_.write(
        [](Connection& connection) { return connection.execute("DELETE FROM resources"); });
  }

 private:
  template <typename Record>
  Status create(const Record& record) {
    return database_.write(
        [&](Connection& connection) { return insert_record(connection, record); });
  }
  template <typename Record>
  Result<Record> find(const std::string& name) {
    CLARY_TRY(auto reader, database_.read());
    return find_record<Record>(*reader, name);
  }
  template <typename Record>
  Status remove(const std::string& name) {
    return database_.write(
        [&](Connection& connection) { return delete_record<Record>(connection, name); });
  }
  template <typename Record>
  Result<Page<Record>> list(const ResourceQuery& query) {
    CLARY_TRY(auto reader, database_.read());
    return list_records<Record>(*reader, query);
  }

  Database& database_;
};

}  // namespace

std::unique_ptr<domain::EndpointStore> make_endpoint_store(Database& database) {
  return std::make_unique<StoredEndpoints>(database);
}

}  // namespace clary::meta
