// New credentials, in the form of AWS's own. Pure but for the ids.
#pragma once

#include "base/id_source.h"
#include "domain/key_store.h"

namespace clary::domain {

// A lasting key: 20 characters that begin with AKIA, and a secret of 40.
AccessKey fresh_access_key(IdSource& ids);
// Session credentials: ASIA..., a secret and a token; principal, policy and gang are those of
// `identity`.
AccessKey fresh_session(IdSource& ids, TimePoint expires, AccessKey identity = {});

}  // namespace clary::domain
