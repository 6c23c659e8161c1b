#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "meta/row_values.h"
#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::AccessKey;

constexpr std::string_view kSelectKey =
    "SELECT id, secret, session_token, expires, principal, policy, gang, created, active FROM "
    "access_keys WHERE ";
const std::string kFind = std::string(kSelectKey) + "id = ?1";
const std::string kRoot = std::string(kSelectKey) + "principal = 'root' ORDER BY id LIMIT 1";
const std::string kOfPrincipal =
    std::string(kSelectKey) + "principal = ?1 AND expires IS NULL ORDER BY id";

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

// Keys that were found lately, because every request asks for one. A write forgets them all between
// its commit and its return; what was read from before that is not kept. Thread-safe.
class RecentKeys {
 public:
  std::optional<AccessKey> find(const AccessKeyId& id) {
    MutexLock lock(mutex_);
    const auto found = keys_.find(id);
    return found == keys_.end() ? std::nullopt : std::optional(found->second);
  }
  std::uint64_t writes() {
    MutexLock lock(mutex_);
    return writes_;
  }
  // writes: as it was before the key was read.
  void keep(const AccessKey& key, std::uint64_t writes) {
    MutexLock lock(mutex_);
    if (writes != writes_) return;
    if (keys_.size() >= kMostKeys) keys_.clear();
    keys_.insert_or_assign(key.id, key);
  }
  void forget_all() {
    MutexLock lock(mutex_);
    ++writes_;
    keys_.clear();
  }

 private:
  static constexpr std::size_t kMostKeys = 256;

  Mutex mutex_;
  std::uint64_t writes_ CLARY_GUARDED_BY(mutex_) = 0;
  std::map<AccessKeyId, AccessKey> keys_ CLARY_GUARDED_BY(mutex_);
};

class StoredKeys final : public domain::KeyStore {
 public:
  explicit StoredKeys(Database& database) : database_(database) {}

  Status put(const AccessKey& key) override {
    return write([&key](Connection& connection) -> Status {
      CLARY_TRY(
          Statement put,
          connection.prepare(
              "INSERT INTO access_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
              "ON CONFLICT (id) DO UPDATE SET (secret, session_token, expires, principal, policy, "
              "gang, created, active) = (excluded.secret, excluded.session_token, "
              "excluded.expires, "
              "excluded.principal, excluded.policy, excluded.gang, excluded.created, "
              "excluded.active)"));
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
    if (std::optional<AccessKey> key = recent_.find(id)) return *std::move(key);
    const std::uint64_t writes = recent_.writes();
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(kFind));
    find.bind(id.value());
    CLARY_TRY(const bool found, find.step());
    if (!found) return not_found("access key '" + id.value() + "': not there");
    AccessKey key = read_key(find);
    recent_.keep(key, writes);
    return key;
  }

  Status remove(const AccessKeyId& id) override {
    return write([&id](Connection& connection) -> Status {
      CLARY_TRY(Statement remove, connection.prepare("DELETE FROM access_keys WHERE id = ?1"));
      remove.bind(id.value());
      return remove.run();
    });
  }

  Status remove_of_gang(const GangId& gang) override {
    if (gang.empty()) return {};  // a person's keys belong to no gang
    return write([&gang](Connection& connection) -> Status {
      CLARY_TRY(Statement remove, connection.prepare("DELETE FROM access_keys WHERE gang = ?1"));
      remove.bind(gang.value());
      return remove.run();
    });
  }

  Status remove_expired(TimePoint now) override {
    return write([now](Connection& connection) -> Status {
      CLARY_TRY(Statement remove, connection.prepare("DELETE FROM access_keys WHERE expires < ?1"));
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
  Status write(const std::function<Status(Connection&)>& body) {
    const Status written = database_.write(body);
    recent_.forget_all();  // a write of unknown outcome too
    return written;
  }

  Database& database_;
  RecentKeys recent_;
};

}  // namespace

std::unique_ptr<domain::KeyStore> make_key_store(Database& database) {
  return std::make_unique<StoredKeys>(database);
}

}  // namespace clary::meta
