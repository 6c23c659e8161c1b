#include "services/authenticator.h"

#include "base/digest.h"
#include "net/server.h"
#include "wire/form_signature.h"

namespace clary::services {

using wire::AuthFailure;
using wire::AuthFailureKind;

namespace {

// A client gives up on a key that is not known; on a store that does not answer it must not.
AuthFailure no_key(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return {AuthFailureKind::kUnknownKey, ""};
  return {AuthFailureKind::kUnavailable, error.message};
}

}  // namespace

wire::ChunkSignatures Caller::chunk_signatures() const {
  return {wire::signing_key(key.secret, claims.scope), claims.scope, claims.signature};
}

std::variant<Caller, AuthFailure> Authenticator::read(const net::RequestHead& head,
                                                      wire::ReadAuthentication claims,
                                                      std::string_view signing_name) const {
  if (const auto* failure = std::get_if<AuthFailure>(&claims)) return *failure;
  Caller caller{{}, std::get<wire::Authentication>(std::move(claims)), false};
  if (caller.claims.scope.service != signing_name) {
    return AuthFailure{
        AuthFailureKind::kMismatch,
        "Credential should be scoped to correct service: '" + std::string(signing_name) + "'."};
  }
  Result<domain::AccessKey> key = keys_.find(caller.claims.access_key);
  if (!key.ok()) return no_key(key.error());
  caller.key = std::move(*key);
  if (auto failure = check_key(caller, head)) return *failure;
  // A presigned body is signed too, but for S3's.
  const bool unsigned_body = caller.claims.expires.has_value() && signing_name == "s3";
  caller.verified = !caller.claims.payload_hash.empty() || unsigned_body;
  if (caller.verified) {
    if (auto failure = wire::verify_signature(caller.claims, head, caller.key.secret, "",
                                              clock_.now(), signing_keys_))
      return *failure;
  }
  return caller;
}

std::variant<Caller, AuthFailure> Authenticator::read_form(
    const std::map<std::string, std::string>& fields, std::string_view policy,
    const net::RequestHead& head, std::string_view signing_name) const {
  auto claims = wire::read_form_authentication(fields);
  if (const auto* failure = std::get_if<AuthFailure>(&claims)) return *failure;
  Caller caller{{}, std::get<wire::Authentication>(std::move(claims)), true};
  if (caller.claims.scope.service != signing_name)
    return AuthFailure{AuthFailureKind::kMismatch, ""};
  Result<domain::AccessKey> key = keys_.find(caller.claims.access_key);
  if (!key.ok()) return no_key(key.error());
  caller.key = std::move(*key);
  if (auto failure = check_key(caller, head)) return *failure;
  if (!wire::signs_policy(caller.claims, policy, caller.key.secret))
    return AuthFailure{AuthFailureKind::kMismatch, ""};
  return caller;
}

bool is_from_job(const net::RequestHead& head) {
  return head.origin.listener != net::kMainListener;
}

std::optional<AuthFailure> Authenticator::check_key(const Caller& caller,
                                                    const net::RequestHead& head) const {
  const std::string& token = caller.key.session_token.reveal();
  if (!constant_time_equal(token, caller.claims.session_token))
    return AuthFailure{AuthFailureKind::kTokenInvalid, ""};
  if (caller.key.expires && *caller.key.expires <= clock_.now())
    return AuthFailure{AuthFailureKind::kTokenExpired, ""};
  if (!caller.key.active) return AuthFailure{AuthFailureKind::kUnknownKey, ""};
  const bool presigned = caller.claims.expires.has_value();
  if (is_from_job(head) && !presigned && caller.key.gang.value() != head.origin.listener)
    return AuthFailure{AuthFailureKind::kWrongPlace, ""};
  return std::nullopt;
}

std::optional<AuthFailure> Authenticator::verify(const Caller& caller, const net::RequestHead& head,
                                                 std::string_view body) const {
  if (caller.verified) return std::nullopt;
  return wire::verify_signature(caller.claims, head, caller.key.secret, wire::payload_hash(body),
                                clock_.now(), signing_keys_);
}

}  // namespace clary::services
