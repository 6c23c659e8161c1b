#include "apps/root_key.h"

#include "base/files.h"
#include "base/json.h"
#include "domain/fresh_key.h"
#include "domain/key_store.h"

namespace clary::apps {
namespace {

std::string key_file(const std::string& folder) { return folder + "/keys/root.json"; }

RootKey fresh_key(IdSource& ids) {
  const domain::AccessKey key = domain::fresh_access_key(ids);
  return {key.id, key.secret};
}

Status write_key(const std::string& folder, const RootKey& key) {
  CLARY_RETURN_IF_ERROR(make_folders(folder + "/keys", 0700));
  const Document document =
      Document::object({{"access_key", *key.id}, {"secret_key", key.secret.reveal()}});
  return write_file_atomically(key_file(folder), to_pretty_json(document), 0600,
                               Durability::kSynced);
}

}  // namespace

Result<RootKey> read_root_key(const std::string& folder) {
  CLARY_TRY(const std::string text, read_file(key_file(folder), 1 << 16));
  CLARY_TRY(const Document document, parse_json(text));
  RootKey key{AccessKeyId(document.string_or("access_key", "")),
              Secret(document.string_or("secret_key", ""))};
  if (key.id.empty() || key.secret.empty())
    return internal_error("'" + key_file(folder) + "' holds no key pair");
  return key;
}

Result<RootKey> ensure_root_key(const std::string& folder, const RootKey& chosen,
                                const std::string& principal, IdSource& ids,
                                domain::KeyStore& keys) {
  RootKey key = chosen;
  if (chosen.id.empty()) {
    Result<RootKey> found = read_root_key(folder);
    if (!found.ok() && found.error().code != ErrorCode::kNotFound) return found.error();
    if (!found.ok()) found = fresh_key(ids);
    if (!found.ok()) return found.error();
    key = *found;
  }
  CLARY_RETURN_IF_ERROR(write_key(folder, key));
  // Whoever knows an earlier pair is no longer the owner.
  for (;;) {
    CLARY_TRY(const auto earlier, keys.root());
    if (!earlier || earlier->id == key.id) break;
    CLARY_RETURN_IF_ERROR(keys.remove(earlier->id));
  }
  domain::AccessKey record;
  record.id = key.id;
  record.secret = key.secret;
  record.principal = principal;
  CLARY_RETURN_IF_ERROR(keys.put(record));
  return key;
}

}  // namespace clary::apps
