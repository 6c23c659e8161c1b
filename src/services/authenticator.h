// Who sent a request: the key store's answer to a signature. Thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "domain/key_store.h"
#include "net/http.h"
#include "wire/aws_chunked.h"
#include "wire/shape.h"
#include "wire/sigv4_verify.h"

namespace clary::services {

// A request's key and its claims. `verified` tells whether the signature was checked already, or
// waits for the body's hash.
struct Caller {
  domain::AccessKey key;
  wire::Authentication claims;
  bool verified = false;

  // For bodies in signed chunks.
  wire::ChunkSignatures chunk_signatures() const;
};

// Whether the request came from within a job's network.
bool is_from_job(const net::RequestHead& head);

class Authenticator {
 public:
  // keys and clock outlive this.
  Authenticator(domain::KeyStore& keys, const Clock& clock) : keys_(keys), clock_(clock) {}

  // Everything that can be known from the head: scheme, scope, key, session token, expiry, the
  // place it is used at, time; the signature too where it covers a hash that the head names.
  // claims: what read_authentication(head) gave; signing_name: whose scope they must have.
  std::variant<Caller, wire::AuthFailure> read(const net::RequestHead& head,
                                               wire::ReadAuthentication claims,
                                               std::string_view signing_name) const;

  // The same for a browser's form, whose signature covers its policy (in base64).
  std::variant<Caller, wire::AuthFailure> read_form(
      const std::map<std::string, std::string>& fields, std::string_view policy,
      const net::RequestHead& head, std::string_view signing_name) const;

  // The signature of a request whose hash was not in the head.
  std::optional<wire::AuthFailure> verify(const Caller& caller, const net::RequestHead& head,
                                          std::string_view body) const;

 private:
  std::optional<wire::AuthFailure> check_key(const Caller& caller,
                                             const net::RequestHead& head) const;

  domain::KeyStore& keys_;
  const Clock& clock_;
  mutable wire::SigningKeys signing_keys_;
};

}  // namespace clary::services
