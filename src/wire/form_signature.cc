#include "wire/form_signature.h"

#include "base/digest.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::wire {
namespace {

using SignedForm = std::map<std::string, std::string>;

std::string form_field(const SignedForm& fields, const char* name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

std::variant<Authentication, AuthFailure> read_v4(const SignedForm& fields) {
  Authentication out;
  if (form_field(fields, "x-amz-algorithm") != kSigningAlgorithm)
    return AuthFailure{AuthFailureKind::kUnsupportedScheme, form_field(fields, "x-amz-algorithm")};
  if (!read_credential(form_field(fields, "x-amz-credential"), out))
    return unreadable("x-amz-credential must have five slash-delimited elements.");
  const Result<TimePoint> time = parse_time(form_field(fields, "x-amz-date"));
  if (!time.ok()) return unreadable("x-amz-date must be in ISO 8601 basic format.");
  out.time = *time;
  out.scope.timestamp = basic_iso8601(*time);
  if (!out.scope.timestamp.starts_with(out.scope.date))
    return AuthFailure{AuthFailureKind::kMismatch, ""};
  out.signature = form_field(fields, "x-amz-signature");
  return out;
}

std::variant<Authentication, AuthFailure> read_v2(const SignedForm& fields) {
  Authentication out;
  out.version = SignatureVersion::kV2;
  out.access_key = AccessKeyId(form_field(fields, "awsaccesskeyid"));
  out.scope.region = "us-east-1";
  out.scope.service = "s3";
  out.signature = form_field(fields, "signature");
  return out;
}

}  // namespace

std::variant<Authentication, AuthFailure> read_form_authentication(const SignedForm& fields) {
  const bool is_v4 = fields.contains("x-amz-signature");
  if (!is_v4 && !(fields.contains("signature") && fields.contains("awsaccesskeyid")))
    return AuthFailure{AuthFailureKind::kMissing, ""};
  auto read = is_v4 ? read_v4(fields) : read_v2(fields);
  if (auto* claims = std::get_if<Authentication>(&read)) {
    claims->session_token = form_field(fields, "x-amz-security-token");
    claims->payload_hash = kUnsignedPayload;
    claims->expires = Duration(0);  // the policy's own, which its reader checks
  }
  return read;
}

bool signs_policy(const Authentication& claims, std::string_view policy, const Secret& secret) {
  const std::string expected =
      claims.version == SignatureVersion::kV2
          ? base64_encode(hmac_sha1(secret.reveal(), policy))
          : hex_encode(hmac_sha256(signing_key(secret, claims.scope), policy));
  return constant_time_equal(expected, claims.signature);
}

}  // namespace clary::wire
