// AWS Signature Version 4: signing. The other side is sigv4_verify.h.
//
// Pure functions; any thread. Source: "Signature Version 4 signing process", AWS General Reference.
// The path is taken as sent: for S3 it is encoded once, for every other service the encoded path is
// encoded again.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/names.h"
#include "net/http.h"

namespace clary::wire {

inline constexpr std::string_view kSigningAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
// SHA-256 of nothing, in hexadecimal.
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Who signs, and for which service of which region.
struct Signer {
  AccessKeyId access_key;
  Secret secret_key;
  Secret session_token;  // empty for a person's own key
  std::string region = "us-east-1";
  std::string service;  // the name in the credential scope: "s3", "sagemaker", "monitoring"
};

// The parts of a request that a signature covers.
struct SignedParts {
  std::string_view method = "GET";
  std::string_view target = "/";  // path and query, percent-encoded, as it will be sent
  std::string_view host;          // the Host field: "127.0.0.1:4580"
  // SHA-256 of the body in hexadecimal (payload_hash()), or kUnsignedPayload.
  std::string_view payload_hash = kEmptyPayloadHash;
};

// Adds X-Amz-Date, X-Amz-Security-Token, for S3 X-Amz-Content-SHA256, and Authorization to
// `headers`. Every X-Amz-* field, Content-Type and Content-MD5 already there are covered; Host is
// covered but not added.
//   wire::sign(signer, {.method = "PUT", .target = target, .host = client.host(),
//                       .payload_hash = wire::payload_hash(body)}, clock.now(), request.headers);
void sign(const Signer& signer, const SignedParts& parts, TimePoint now, net::Headers& headers);

// The target with X-Amz-Algorithm ... X-Amz-Signature added to its query: a URL that anyone may use
// until it expires. parts.payload_hash is taken as UNSIGNED-PAYLOAD.
std::string presign(const Signer& signer, const SignedParts& parts, TimePoint now,
                    Duration expires);

std::string payload_hash(std::string_view body);  // SHA-256, hexadecimal

// The pieces both sides share.
struct SigningScope {
  std::string timestamp;  // "20240101T000000Z"
  std::string date;       // "20240101"
  std::string region;
  std::string service;
  std::string to_string() const;  // "20240101/us-east-1/s3/aws4_request"
};
struct CanonicalInput {
  std::string_view method;
  std::string_view raw_path;
  std::string_view raw_query;
  std::vector<std::pair<std::string, std::string>>
      headers;  // lower-case names, sorted; values trimmed
  std::string_view payload_hash;
};
// Query fields whose name is `skip` stay out (X-Amz-Signature).
std::string canonical_request(const CanonicalInput& input, std::string_view service,
                              std::string_view skip);
// Four nested HMACs of the secret over the scope; 32 raw bytes.
std::string signing_key(const Secret& secret, const SigningScope& scope);
// The same, remembered: a key changes once a day. Thread-safe.
class SigningKeys {
 public:
  std::string find(const Secret& secret, const SigningScope& scope);

 private:
  Mutex mutex_;
  std::unordered_map<std::string, std::string> made_ CLARY_GUARDED_BY(mutex_);  // by all it is of
};
std::string signature_of(std::string_view key, const SigningScope& scope,
                         std::string_view canonical);
// Runs of spaces become one, ends are trimmed.
std::string canonical_header_value(std::string_view value);

}  // namespace clary::wire
