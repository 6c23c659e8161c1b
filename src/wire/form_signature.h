// The signature of a browser's form: over its policy document, in the form's own fields.
//
// Pure functions; any thread. Source: "Authenticating requests: browser-based uploads using POST",
// Amazon S3 API Reference, Signature Versions 4 and 2.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "wire/sigv4_verify.h"

namespace clary::wire {

// fields: names in lower case. kMissing when the form holds no signature.
std::variant<Authentication, AuthFailure> read_form_authentication(
    const std::map<std::string, std::string>& fields);

// policy: in base64, as the form holds it. Takes the same time wherever the signatures differ.
bool signs_policy(const Authentication& claims, std::string_view policy, const Secret& secret);

}  // namespace clary::wire
