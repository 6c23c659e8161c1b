// Types of the API as the texts that stores keep: the JSON that the operation's protocol would
// send.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace clary::services {

template <typename T>
std::string to_kept_text(const T& value) {
  return to_json(encode(value));
}

// What stands in the text of members that this release does not know is left out.
template <typename T>
Result<T> from_kept_text(const std::string& text) {
  CLARY_TRY(const Document document, parse_json(text));
  T out;
  decode(document, out);
  return out;
}

}  // namespace clary::services
