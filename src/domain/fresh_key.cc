#include "domain/fresh_key.h"

#include <utility>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::domain {
namespace {

AccessKey with_prefix(const char* prefix, IdSource& ids, AccessKey key) {
  key.id = AccessKeyId(prefix + to_upper(ids.hex(16)));
  key.secret = Secret(base64_encode(hex_decode(ids.hex(60)).value()));
  return key;
}

}  // namespace

AccessKey fresh_access_key(IdSource& ids) { return with_prefix("AKIA", ids, {}); }

AccessKey fresh_session(IdSource& ids, TimePoint expires, AccessKey identity) {
  AccessKey key = with_prefix("ASIA", ids, std::move(identity));
  key.session_token = Secret(ids.hex(64));
  key.expires = expires;
  return key;
}

}  // namespace clary::domain
