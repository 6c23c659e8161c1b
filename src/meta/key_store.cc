#include <utility>

#include "meta/job_rows.h"
#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::AccessKey;
using sqlite::Statement;

constexpr std::string_view kFind =
    "SELECT id, secret, session_token, expires, principal, policy, gang FROM access_keys WHERE id "
    "= ?1";
constexpr std::string_view kRoot =
    "SELECT id, secret, session_token, expires, principal, policy, gang FROM access_keys WHERE "
    "principal = 'root' ORDER BY id LIMIT 1";

AccessKey read_key(const Statement& row) {
  return {.id = AccessKeyId(row.text(0)),
          .secret = Secret(row.text(1)),
          .session_token = Secret(row.text(2)),
          .expires = time_of(row, 3),
          .principal = row.text(4),
          .policy = row.text(5),
          .gang = GangId(row.text(6))};
}

class SqliteKeyStore final : public domain::KeyStore {
 public:
  explicit SqliteKeyStore(Database& database) : database_(database) {}

  Status put(const AccessKey& key) override {
    return database_.write([&key](sqlite::Database& database) -> Status {
      CLARY_TRY(Statement put,
                database.prepare(
                    "INSERT OR REPLACE INTO access_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
      put.bind(key.id.value())
          .bind(key.secret.reveal())
          .bind(key.session_token.reveal())
          .bind(to_column(key.expires));
      put.bind(key.principal).bind(key.policy).bind(key.gang.value());
      return put.run();
    });
  }

  Result<AccessKey> find(const AccessKeyId& id) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(kFind));
    find.bind(id.value());
    CLARY_TRY(const bool found, find.step());
    if (!found) return not_found("access key '" + id.value() + "': not there");
    return read_key(find);
  }

  Status remove(const AccessKeyId& id) override {
    return database_.write([&id](sqlite::Database& database) -> Status {
      CLARY_TRY(Statement remove, database.prepare("DELETE FROM access_keys WHERE id = ?1"));
      remove.bind(id.value());
      return remove.run();
    });
  }

  Status remove_of_gang(const GangId& gang) override {
    if (gang.empty()) return {};  // a person's keys belong to no gang
    return database_.write([&gang](sqlite::Database& database) -> Status {
      CLARY_TRY(Statement remove, database.prepare("DELETE FROM access_keys WHERE gang = ?1"));
      remove.bind(gang.value());
      return remove.run();
    });
  }

  Result<std::optional<AccessKey>> root() override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(kRoot));
    CLARY_TRY(const bool found, find.step());
    return found ? std::optional(read_key(find)) : std::nullopt;
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<domain::KeyStore> make_sqlite_key_store(Database& database) {
  return std::make_unique<SqliteKeyStore>(database);
}

}  // namespace clary::meta
