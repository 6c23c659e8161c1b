#include "domain/record_store.h"

#include <cstdint>

#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::KeptRecord;

class RecordTable final : public domain::RecordStore {
 public:
  explicit RecordTable(Database& database) : database_(database) {}

  Status put(const std::string& space, const KeptRecord& record) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(Statement put,
                connection.prepare("INSERT INTO kept_texts (space, key, text) VALUES (?1, ?2, ?3) "
                                   "ON CONFLICT (space, key) DO UPDATE SET text = excluded.text"));
      put.bind(space).bind(record.key).bind(record.text);
      return put.run();
    });
  }

  Result<KeptRecord> find(const std::string& space, const std::string& key) override {
    CLARY_TRY(const auto connection, database_.read());
    CLARY_TRY(Statement find,
              connection->prepare("SELECT text FROM kept_texts WHERE space = ?1 AND key = ?2"));
    find.bind(space).bind(key);
    CLARY_TRY(const bool found, find.step());
    if (!found) return not_found(space + " '" + key + "': not there");
    return KeptRecord{.key = key, .text = find.text(0)};
  }

  Status remove(const std::string& space, const std::string& key) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(Statement remove,
                connection.prepare("DELETE FROM kept_texts WHERE space = ?1 AND key = ?2"));
      remove.bind(space).bind(key);
      return remove.run();
    });
  }

  Result<std::vector<KeptRecord>> list(const std::string& space, const std::string& after,
                                       std::size_t limit) override {
    CLARY_TRY(const auto connection, database_.read());
    CLARY_TRY(Statement list,
              connection->prepare("SELECT key, text FROM kept_texts WHERE space = ?1 AND key > ?2 "
                                  "ORDER BY key LIMIT ?3"));
    list.bind(space).bind(after).bind(static_cast<std::int64_t>(limit));
    std::vector<KeptRecord> page;
    for (;;) {
      CLARY_TRY(const bool more, list.step());
      if (!more) return page;
      page.push_back({.key = list.text(0), .text = list.text(1)});
    }
  }

  Status clear() override {
    return database_.write(
        [](Connection& connection) { return connection.execute("DELETE FROM kept_texts"); });
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<domain::RecordStore> make_record_store(Database& database) {
  return std::make_unique<RecordTable>(database);
}

}  // namespace clary::meta
