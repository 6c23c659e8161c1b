#include <utility>

#include "meta/job_rows.h"
#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::AccessKey;
using sqlite::Statement;

constexpr std::string_view kColumns =
    "SELECT id, secret, session_token, expires, principal, policy, gang, created, active FROM "
    "access_keys WHERE ";
const std::string kFind = std::string(kColumns) + "id = ?1";
const std::string kRoot = std::string(kColumns) + "principal = 'root' ORDER BY id LIMIT 1";
const std::string kOfPrincipal =
    std::string(kColumns) + "principal = ?1 AND expires IS NULL ORDER BY id";

AccessKey read_key(const Statement& row) {
  return {.id = AccessKeyId(row.text(0)),
          .secret = Secret(row.text(1)),
          .session_token = Secret(row.text(2)),
          .expires = time_of(row, 3),
          .principal = row.text(4),
          .policy = row.text(5),
          .gang = GangId(row.text(6)),
          .created = time_of(row.integer(7)),
          .active = row.integer(8) != 0};
}

class SqliteKeyStore final : public domain::KeyStore {
 public:
  explicit SqliteKeyStore(Database& database) : database_(database) {}

  Status put(const AccessKey& key) override {
    return database_.write([&key](sqlite::Database& database) -> Status {
      CLARY_TRY(Statement put,
                database.prepare(
                    "INSERT OR REPLACE INTO access_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                    "?9)"));
      put.bind(key.id.value())
          .bind(key.secret.reveal())
          .bind(key.session_token.reveal())
          .bind(to_column(key.expires));
      put.bind(key.principal).bind(key.policy).bind(key.gang.value());
      put.bind(to_column(key.created)).bind(std::int64_t{key.active});
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

  Status remove_expired(TimePoint now) override {
    return database_.write([now](sqlite::Database& database) -> Status {
      CLARY_TRY(Statement remove, database.prepare("DELETE FROM access_keys WHERE expires < ?1"));
      remove.bind(to_column(now));
      return remove.run();
    });
  }

  Result<std::vector<AccessKey>> of_principal(const std::string& principal) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(kOfPrincipal));
    find.bind(principal);
    std::vector<AccessKey> out;
    for (;;) {
      CLARY_TRY(const bool found, find.step());
      if (!found) return out;
      out.push_back(read_key(find));
    }
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
