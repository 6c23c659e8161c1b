// AWS Signature Version 4: reading and checking the signature of a request, in headers or in a
// presigned query.
//
// Pure functions; any thread. What is wrong is an AuthFailure; auth_failure.h gives it each
// protocol's own code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "net/http.h"
#include "wire/sigv4.h"

namespace clary::wire {

inline constexpr Duration kClockWindow = std::chrono::minutes(15);
inline constexpr Duration kLongestPresign = std::chrono::hours(24 * 7);

enum class AuthFailureKind {
  kMissing,     // no signature at all
  kIncomplete,  // a signature that cannot be read
  kUnknownKey,
  kUnavailable,  // nobody can say now whether the key is known
  kMismatch,
  kClockSkew,  // signed too long ago, or in the future
  kPresignExpired,
  kPresignInvalid,     // X-Amz-Expires out of bounds
  kTokenExpired,       // session credentials past their time
  kTokenInvalid,       // a session token that does not belong to the key
  kHeadersNotSigned,   // an X-Amz-* field that the signature does not cover
  kUnsupportedScheme,  // Signature Version 4A; Version 2 in headers
  kWrongPlace,         // credentials that may not be used on this socket
};
struct AuthFailure {
  AuthFailureKind kind = AuthFailureKind::kMissing;
  std::string detail;  // for the message; may be empty
};
inline AuthFailure unreadable(std::string detail) {
  return {AuthFailureKind::kIncomplete, std::move(detail)};
}

enum class SignatureVersion { kV4, kV2 };

// What a request says about who sent it; nothing of it is verified yet.
struct Authentication {
  // kV2: a URL of S3 presigned in the older way (see sigv2.h): `time` is the epoch, `expires`
  // counts from it.
  SignatureVersion version = SignatureVersion::kV4;
  AccessKeyId access_key;
  SigningScope scope;
  TimePoint time;
  std::vector<std::string> signed_headers;  // lower case
  std::string signature;
  std::string session_token;
  std::string payload_hash;         // x-amz-content-sha256 as sent; "" when absent
  std::optional<Duration> expires;  // of a presigned query; nothing: signed in headers
};
using ReadAuthentication = std::variant<Authentication, AuthFailure>;
Authentication const* authentication_of(const ReadAuthentication& read);
bool is_unsigned(const ReadAuthentication& read);

// The key and the scope out of "<key>/<date>/<region>/<service>/aws4_request".
bool read_credential(std::string_view text, Authentication& out);

// kMissing when the request carries none.
ReadAuthentication read_authentication(const net::RequestHead& head);

// Checks time and signature. payload_hash: of the body as received when
// `authentication.payload_hash` is empty. keys: what remembers signing keys. Nothing: verified. The
// comparison takes the same time wherever the signatures differ.
std::optional<AuthFailure> verify_signature(const Authentication& authentication,
                                            const net::RequestHead& head, const Secret& secret,
                                            std::string_view payload_hash, TimePoint now,
                                            SigningKeys& keys);

// A presigned URL may hold x-amz-* fields and the content's type in its query: puts them among the
// headers, as if they had been sent there. For verified requests only.
void apply_presigned_fields(net::RequestHead& head);

// How the body of a request is protected, by its x-amz-content-sha256.
enum class PayloadKind {
  kHashed,                  // a SHA-256 in hexadecimal
  kUnsigned,                // UNSIGNED-PAYLOAD, or a presigned query
  kChunkedUnsignedTrailer,  // STREAMING-UNSIGNED-PAYLOAD-TRAILER
  kChunkedSigned,           // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  kChunkedSignedTrailer,    // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
};
// Nothing: a form this server does not know.
std::optional<PayloadKind> payload_kind(std::string_view payload_hash);

}  // namespace clary::wire
