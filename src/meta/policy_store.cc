#include "domain/policy_store.h"

#include <utility>

#include "base/json.h"
#include "meta/row_values.h"
#include "meta/stores.h"

namespace clary::meta {
namespace {

using domain::IdentityKind;
using domain::ManagedPolicy;
using domain::PolicyVersion;

Error no_policy(const std::string& arn) { return not_found("policy '" + arn + "': not there"); }

// What is not looked for: docs/formats/meta.md.
std::string record_of(const ManagedPolicy& policy) {
  Document::Array tags;
  for (const domain::Tag& tag : policy.tags) tags.push_back(Document::array({tag.key, tag.value}));
  Document::Array versions;
  for (const PolicyVersion& version : policy.versions) {
    versions.push_back(Document::object({{"number", version.number},
                                         {"document", version.document},
                                         {"created", to_column(version.created)}}));
  }
  return to_json(Document::object({{"id", policy.id},
                                   {"description", policy.description},
                                   {"created", to_column(policy.created)},
                                   {"updated", to_column(policy.updated)},
                                   {"tags", std::move(tags)},
                                   {"versions", std::move(versions)},
                                   {"default_version", policy.default_version},
                                   {"last_version", policy.last_version}}));
}

Result<ManagedPolicy> policy_of(std::string arn, std::string_view record) {
  CLARY_TRY(const Document kept, parse_json(record));
  ManagedPolicy policy{.arn = std::move(arn),
                       .id = kept.string_or("id", ""),
                       .description = kept.string_or("description", ""),
                       .created = time_of(kept.int_or("created", 0)),
                       .updated = time_of(kept.int_or("updated", 0)),
                       .tags = {},
                       .versions = {},
                       .default_version = static_cast<int>(kept.int_or("default_version", 1)),
                       .last_version = static_cast<int>(kept.int_or("last_version", 1))};
  const Document* tags = kept.find("tags");
  const Document* versions = kept.find("versions");
  if (tags == nullptr || !tags->is_array() || versions == nullptr || !versions->is_array())
    return internal_error("policy '" + policy.arn + "': its record cannot be read");
  for (const Document& tag : *tags->as_array()) {
    const Document::Array* pair = tag.as_array();
    if (pair == nullptr || pair->size() != 2 || (*pair)[0].as_string() == nullptr ||
        (*pair)[1].as_string() == nullptr)
      return internal_error("policy '" + policy.arn + "': its tags cannot be read");
    policy.tags.push_back({*(*pair)[0].as_string(), *(*pair)[1].as_string()});
  }
  for (const Document& version : *versions->as_array()) {
    policy.versions.push_back({.number = static_cast<int>(version.int_or("number", 0)),
                               .document = version.string_or("document", ""),
                               .created = time_of(version.int_or("created", 0))});
  }
  return policy;
}

Result<bool> policy_exists(Connection& connection, const std::string& arn) {
  CLARY_TRY(Statement find, connection.prepare("SELECT 1 FROM managed_policies WHERE arn = ?1"));
  find.bind(arn);
  return find.step();
}

Status write_policy(Connection& connection, const ManagedPolicy& policy) {
  CLARY_TRY(
      Statement put,
      connection.prepare("INSERT INTO managed_policies VALUES (?1, ?2, ?3) ON CONFLICT (arn) DO "
                         "UPDATE SET (document, record) = (excluded.document, excluded.record)"));
  put.bind(policy.arn).bind(policy.version(policy.default_version).document);
  put.bind(record_of(policy));
  return put.run();
}

class StoredPolicies final : public domain::PolicyStore {
 public:
  explicit StoredPolicies(Database& database) : database_(database) {}

  Status create_policy(const ManagedPolicy& policy) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(const bool there, policy_exists(connection, policy.arn));
      if (there) return already_exists("policy '" + policy.arn + "': there already");
      return write_policy(connection, policy);
    });
  }

  Status replace_policy(const ManagedPolicy& policy) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(const bool there, policy_exists(connection, policy.arn));
      return there ? write_policy(connection, policy) : no_policy(policy.arn);
    });
  }

  Result<ManagedPolicy> find_policy(const std::string& arn) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find,
              reader->prepare("SELECT record FROM managed_policies WHERE arn = ?1"));
    find.bind(arn);
    CLARY_TRY(const bool found, find.step());
    if (!found) return no_policy(arn);
    return policy_of(arn, find.view(0));
  }

  Status remove_policy(const std::string& arn) override {
    return database_.write([&](Connection& connection) -> Status {
      CLARY_TRY(const bool there, policy_exists(connection, arn));
      if (!there) return no_policy(arn);
      CLARY_TRY(Statement used,
                connection.prepare("SELECT 1 FROM identity_policies WHERE key = ?1 LIMIT 1"));
      used.bind(arn);
      CLARY_TRY(const bool is_attached, used.step());
      if (is_attached) return conflict("policy '" + arn + "': is attached");
      CLARY_TRY(Statement remove,
                connection.prepare("DELETE FROM managed_policies WHERE arn = ?1"));
      remove.bind(arn);
      return remove.run();
    });
  }

  Result<std::vector<ManagedPolicy>> list_policies() override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find,
              reader->prepare("SELECT arn, record FROM managed_policies ORDER BY arn"));
    std::vector<ManagedPolicy> out;
    for (;;) {
      CLARY_TRY(const bool found, find.step());
      if (!found) return out;
      CLARY_TRY(ManagedPolicy policy, policy_of(find.text(0), find.view(1)));
      out.push_back(std::move(policy));
    }
  }

  Result<std::vector<std::pair<IdentityKind, std::string>>> attached(
      const std::string& arn) override {
    CLARY_TRY(auto reader, database_.read());
    CLARY_TRY(Statement find,
              reader->prepare("SELECT kind, name FROM identity_policies WHERE key = ?1 "
                              "ORDER BY kind, name"));
    find.bind(arn);
    std::vector<std::pair<IdentityKind, std::string>> out;
    for (;;) {
      CLARY_TRY(const bool found, find.step());
      if (!found) return out;
      out.emplace_back(static_cast<IdentityKind>(find.integer(0)), find.text(1));
    }
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<domain::PolicyStore> make_policy_store(Database& database) {
  return std::make_unique<StoredPolicies>(database);
}

}  // namespace clary::meta
