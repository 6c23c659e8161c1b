// The person's key pair: made at the first start, kept in <data>/keys/root.json (0600) and in the
// key store.
#pragma once

#include <string>

#include "base/id_source.h"
#include "base/names.h"
#include "base/result.h"
#include "base/tagged.h"

namespace clary::domain {
class KeyStore;
}

namespace clary::apps {

struct RootKey {
  AccessKeyId id;
  Secret secret;
};

// Reads keys/root.json, or makes it. A chosen key (from clary.toml) replaces what is there.
// folder: the data directory. The pair is known to `keys` when this returns.
Result<RootKey> ensure_root_key(const std::string& folder, const RootKey& chosen,
                                const std::string& principal, IdSource& ids,
                                domain::KeyStore& keys);

// Reads keys/root.json without changing anything: for commands that speak to a running server.
// NotFound before the first start.
Result<RootKey> read_root_key(const std::string& folder);

}  // namespace clary::apps
