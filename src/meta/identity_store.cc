#include <utility>

#include "base/json.h"
#include "meta/row_values.h"
#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::Identity;
using domain::IdentityKind;
using domain::IdentityPolicy;

constexpr std::string_view kSelectIdentity =
    "SELECT kind, name, id, path, created, trust, description, max_session_seconds, tags FROM "
    "identities WHERE kind = ?1";

Error no_identity(const std::string& name) {
  return not_found("identity '" + name + "': not there");
}

std::int64_t kind_column(IdentityKind kind) { return static_cast<std::int64_t>(kind); }

std::string tags_text(const std::vector<domain::Tag>& tags) {
  Document::Array list;
  for (const domain::Tag& tag : tags) list.push_back(Document::array({tag.key, tag.value}));
  return to_json(Document(std::move(list)));
}

Result<std::vector<domain::Tag>> tags_of(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  std::vector<domain::Tag> tags;
  if (!document.is_array()) return tags;
  for (const Document& entry : *document.as_array()) {
    const Document::Array* pair = entry.as_array();
    if (pair == nullptr || pair->size() != 2) return internal_error("tags of an identity: " + text);
    const std::string* key = (*pair)[0].as_string();
    const std::string* value = (*pair)[1].as_string();
    if (key == nullptr || value == nullptr) return internal_error("tags of an identity: " + text);
    tags.push_back({*key, *value});
  }
  return tags;
}

Result<Identity> read_identity(const Statement& row) {
  Identity identity{.kind = static_cast<IdentityKind>(row.integer(0)),
                    .name = row.text(1),
                    .id = row.text(2),
                    .path = row.text(3),
                    .created = time_of(row.integer(4)),
                    .trust = row.text(5),
                    .description = row.text(6),
                    .max_session_seconds = static_cast<int>(row.integer(7)),
                    .tags = {}};
  CLARY_TRY(identity.tags, tags_of(row.text(8)));
  return identity;
}

Result<bool> identity_exists(Connection& connection, IdentityKind kind, const std::string& name) {
  CLARY_TRY(Statement find,
            connection.prepare("SELECT 1 FROM identities WHERE kind = ?1 AND name = ?2"));
  find.bind(kind_column(kind)).bind(name);
  return find.step();
}

Status write_identity(Connection& connection, const Identity& identity) {
  CLARY_TRY(Statement put,
            connection.prepare(
                "INSERT INTO identities VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                "ON CONFLICT (kind, name) DO UPDATE SET (id, path, created, trust, description, "
                "max_session_seconds, tags) = (excluded.id, excluded.path, excluded.created, "
                "excluded.trust, "
                "excluded.description, excluded.max_session_seconds, excluded.tags)"));
  put.bind(kind_column(identity.kind)).bind(identity.name).bind(identity.id).bind(identity.path);
  put.bind(to_column(identity.created)).bind(identity.trust).bind(identity.description);
  put.bind(std::int64_t{identity.max_session_seconds}).bind(tags_text(identity.tags));
  return put.run();
}

class StoredIdentities final : public domain::IdentityStore {
 public:
  explicit StoredIdentities(Database& database) : database_(database) {}

  Status create(const Identity& identity) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(const bool there, identity_exists(connection, identity.kind, identity.name));
      if (there) return already_exists("identity '" + identity.name + "': there already");
      return write_identity(connection, identity);
    });
  }

  Status replace(const Identity& identity) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(const bool there, identity_exists(connection, identity.kind, identity.name));
      return there ? write_identity(connection, identity) : no_identity(identity.name);
    });
  }

  Result<Identity> find(IdentityKind kind, const std::string& name) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(std::string(kSelectIdentity) + " AND name = ?2"));
    find.bind(kind_column(kind)).bind(name);
    CLARY_TRY(const bool found, find.step());
    if (!found) return no_identity(name);
    return read_identity(find);
  }

  Status remove(IdentityKind kind, const std::string& name) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(const bool there, identity_exists(connection, kind, name));
      if (!there) return no_identity(name);
      CLARY_TRY(Statement used,
                connection.prepare("SELECT 1 FROM identity_policies WHERE kind = ?1 "
                                   "AND name = ?2 LIMIT 1"));
      used.bind(kind_column(kind)).bind(name);
      CLARY_TRY(const bool has_policies, used.step());
      if (has_policies) return conflict("identity '" + name + "': has policies");
      CLARY_TRY(Statement remove,
                connection.prepare("DELETE FROM identities WHERE kind = ?1 AND name = ?2"));
      remove.bind(kind_column(kind)).bind(name);
      return remove.run();
    });
  }

  Result<std::vector<Identity>> list(IdentityKind kind) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find, reader->prepare(std::string(kSelectIdentity) + " ORDER BY name"));
    find.bind(kind_column(kind));
    std::vector<Identity> out;
    for (;;) {
      CLARY_TRY(const bool found, find.step());
      if (!found) return out;
      CLARY_TRY(Identity identity, read_identity(find));
      out.push_back(std::move(identity));
    }
  }

  Status put_policy(IdentityKind kind, const std::string& name,
                    const IdentityPolicy& policy) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(const bool there, identity_exists(connection, kind, name));
      if (!there) return no_identity(name);
      CLARY_TRY(Statement put,
                connection.prepare("INSERT INTO identity_policies VALUES (?1, ?2, ?3, ?4, ?5) "
                                   "ON CONFLICT (kind, name, key) DO UPDATE SET (arn, document) = "
                                   "(excluded.arn, excluded.document)"));
      put.bind(kind_column(kind)).bind(name).bind(policy.key());
      put.bind(policy.arn).bind(policy.document);
      return put.run();
    });
  }

  Status remove_policy(IdentityKind kind, const std::string& name,
                       const std::string& key) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(
          Statement remove,
          connection.prepare("DELETE FROM identity_policies WHERE kind = ?1 AND name = ?2 AND "
                             "key = ?3"));
      remove.bind(kind_column(kind)).bind(name).bind(key);
      CLARY_RETURN_IF_ERROR(remove.run());
      if (connection.changes() == 0)
        return not_found("policy '" + key + "' of '" + name + "': not there");
      return {};
    });
  }

  Result<std::vector<IdentityPolicy>> policies(IdentityKind kind,
                                               const std::string& name) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find,
              reader->prepare("SELECT p.key, p.arn, coalesce(m.document, p.document) FROM "
                              "identity_policies p LEFT JOIN managed_policies m ON m.arn = p.arn "
                              "WHERE p.kind = ?1 AND p.name = ?2 ORDER BY p.key"));
    find.bind(kind_column(kind)).bind(name);
    std::vector<IdentityPolicy> out;
    for (;;) {
      CLARY_TRY(const bool found, find.step());
      if (!found) return out;
      const std::string arn = find.text(1);
      out.push_back({.name = arn.empty() ? find.text(0) : arn.substr(arn.rfind('/') + 1),
                     .arn = arn,
                     .document = find.text(2)});
    }
  }

  Status clear() override {
    return database_.write([](Connection& connection) -> Status {
      return connection.execute(
          "DELETE FROM identity_policies; DELETE FROM identities; DELETE FROM managed_policies;");
    });
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<domain::IdentityStore> make_identity_store(Database& database) {
  return std::make_unique<StoredIdentities>(database);
}

}  // namespace clary::meta
