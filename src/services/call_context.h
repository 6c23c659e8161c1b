// What a service method may know about the call besides its typed request. Values; lives as long as
// the call.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/names.h"
#include "net/http.h"
#include "wire/validator.h"

namespace clary::services {

// Places in a batch (the keys of a DeleteObjects), each with the sentence that refuses it.
using RefusedEntries = std::map<std::size_t, std::string>;

struct CallContext {
  AccountId account;           // the configured one
  Region region;               // from the signature's scope
  std::string principal;       // "root", or the ARN of an assumed-role session
  GangId gang;                 // of session credentials; empty for a person's own key
  bool temporary_key = false;  // a session's, which ends by itself
  RequestId request_id;
  TimePoint now;  // when the request arrived
  std::vector<wire::InertMember>
      inert;  // members of the request that mean nothing here: lines for a job's timeline
  RefusedEntries refused_entries;  // what of a batch the caller may not: left undone and told
  const net::RequestHead* head =
      nullptr;  // for what no model names (Host, User-Agent); never null in a call
};

}  // namespace clary::services
