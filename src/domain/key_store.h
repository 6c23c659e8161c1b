// KeyStore: access keys and the session credentials of jobs.
//
// Implementations: meta::make_key_store (on SQLite or PostgreSQL), FakeKeyStore. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"

namespace clary::domain {

struct AccessKey {
  AccessKeyId id;
  Secret secret;
  Secret session_token;              // empty for a person's own key
  std::optional<TimePoint> expires;  // of session credentials
  std::string principal;             // "root", or the ARN of an assumed-role session
  std::string policy;                // JSON; "" for root: everything is allowed
  GangId gang;                       // empty, or the gang these credentials belong to
  TimePoint created;                 // the epoch for keys of earlier releases
  bool active = true;                // a person's key may be switched off and on
};

class KeyStore {
 public:
  virtual ~KeyStore() = default;
  virtual Status put(const AccessKey& key) = 0;               // replaces
  virtual Result<AccessKey> find(const AccessKeyId& id) = 0;  // NotFound
  virtual Status remove(const AccessKeyId& id) = 0;           // absent: fine
  virtual Status remove_of_gang(const GangId& gang) = 0;
  virtual Status remove_expired(TimePoint now) = 0;  // session credentials that ended before now
  // Lasting keys, not session credentials; sorted by id.
  virtual Result<std::vector<AccessKey>> of_principal(const std::string& principal) = 0;
  virtual Result<std::optional<AccessKey>> root() = 0;  // the person's own key
};

}  // namespace clary::domain
