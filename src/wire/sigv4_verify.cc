#include "wire/sigv4_verify.h"

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "wire/sigv2.h"

namespace clary::wire {
namespace {

using Read = std::variant<Authentication, AuthFailure>;
using SignedQuery = std::map<std::string, std::string, std::less<>>;

std::string query_field(const SignedQuery& fields, std::string_view name) {
  const auto at = fields.find(name);
  return at == fields.end() ? std::string() : at->second;
}

// Of "Credential=a, SignedHeaders=b, Signature=c"; spaces after the commas are optional. "" when
// it is absent.
std::string_view authorization_field(std::string_view text, std::string_view name) {
  std::string_view found;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view one = trim(part);
    const std::size_t equals = one.find('=');
    if (equals == name.size() && one.starts_with(name)) found = one.substr(equals + 1);
  }
  return found;
}

SignedQuery signed_query(std::string_view raw_query) {
  SignedQuery fields;
  for (const std::string_view part : split(raw_query, '&')) {
    const std::size_t equals = part.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    fields[percent_decode(part.substr(0, equals)).value_or("")] =
        percent_decode(value).value_or("");
  }
  return fields;
}

constexpr std::size_t kLongestScopeWord = 128;

// Region and service find their way into ARNs and logs: letters, digits, - and _ only.
bool is_scope_word(std::string_view word) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !word.empty() && word.size() <= kLongestScopeWord &&
         std::all_of(word.begin(), word.end(), is_allowed);
}

std::optional<AuthFailure> read_time(std::string_view text, Authentication& out) {
  const Result<TimePoint> time = parse_time(text);
  if (!time.ok())
    return unreadable("Date must be in ISO-8601 'basic format'. Got '" + std::string(text) + "'.");
  out.time = *time;
  out.scope.timestamp = basic_iso8601(*time);
  if (!out.scope.timestamp.starts_with(out.scope.date)) {
    return AuthFailure{AuthFailureKind::kMismatch,
                       "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                       "date from HTTP: '" +
                           out.scope.date + "' != '" + out.scope.timestamp.substr(0, 8) + "'."};
  }
  return std::nullopt;
}

void read_signed_headers(std::string_view text, Authentication& out) {
  for (const std::string_view name : split(text, ';')) {
    if (!name.empty()) out.signed_headers.push_back(to_lower(name));
  }
  std::sort(out.signed_headers.begin(), out.signed_headers.end());
}

bool covers(const Authentication& authentication, std::string_view name) {
  return std::find(authentication.signed_headers.begin(), authentication.signed_headers.end(),
                   name) != authentication.signed_headers.end();
}

Read from_header(const net::RequestHead& head, std::string_view authorization) {
  const std::size_t space = authorization.find(' ');
  const std::string_view scheme = authorization.substr(0, space);
  if (scheme == "AWS" || scheme == "AWS4-ECDSA-P256-SHA256") {
    return AuthFailure{AuthFailureKind::kUnsupportedScheme, std::string(scheme)};
  }
  if (scheme != kSigningAlgorithm || space == std::string_view::npos) {
    return unreadable("Authorization header requires 'AWS4-HMAC-SHA256'.");
  }
  const auto field_of = [text = authorization.substr(space + 1)](std::string_view name) {
    return authorization_field(text, name);
  };
  Authentication out;
  for (const std::string_view name : {"Credential", "SignedHeaders", "Signature"}) {
    if (field_of(name).empty())
      return unreadable("Authorization header requires '" + std::string(name) + "' parameter.");
  }
  if (!read_credential(field_of("Credential"), out)) {
    return unreadable(
        "Credential must have five slash-delimited elements, e.g. keyid/date/region/service/term.");
  }
  const std::string* amz_date = head.headers.find("x-amz-date");
  const std::string_view date =
      amz_date != nullptr ? std::string_view(*amz_date) : head.headers.get("date");
  if (date.empty())
    return unreadable(
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  if (auto failure = read_time(date, out)) return *failure;
  read_signed_headers(field_of("SignedHeaders"), out);
  out.signature = field_of("Signature");
  out.session_token = std::string(head.headers.get("x-amz-security-token"));
  out.payload_hash = std::string(head.headers.get("x-amz-content-sha256"));
  return out;
}

Read from_query(const SignedQuery& fields) {
  if (query_field(fields, "X-Amz-Algorithm") != kSigningAlgorithm) {
    return AuthFailure{AuthFailureKind::kUnsupportedScheme, query_field(fields, "X-Amz-Algorithm")};
  }
  Authentication out;
  for (const std::string_view name : {"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                                      "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
    if (query_field(fields, name).empty())
      return unreadable("Query-string authentication requires the '" + std::string(name) +
                        "' parameter.");
  }
  if (!read_credential(query_field(fields, "X-Amz-Credential"), out)) {
    return unreadable(
        "Error parsing the X-Amz-Credential parameter; it must have five slash-delimited "
        "elements.");
  }
  if (auto failure = read_time(query_field(fields, "X-Amz-Date"), out)) return *failure;
  const std::optional<std::int64_t> seconds = parse_int(query_field(fields, "X-Amz-Expires"));
  if (!seconds)
    return AuthFailure{AuthFailureKind::kPresignInvalid, "X-Amz-Expires should be a number"};
  if (*seconds < 0)
    return AuthFailure{AuthFailureKind::kPresignInvalid, "X-Amz-Expires must be non-negative"};
  if (*seconds > std::chrono::duration_cast<std::chrono::seconds>(kLongestPresign).count()) {
    return AuthFailure{AuthFailureKind::kPresignInvalid,
                       "X-Amz-Expires must be less than a week (in seconds) that is given by the "
                       "X-Amz-Expires parameter; 604800 at most"};
  }
  out.expires = std::chrono::seconds(*seconds);
  read_signed_headers(query_field(fields, "X-Amz-SignedHeaders"), out);
  out.signature = query_field(fields, "X-Amz-Signature");
  out.session_token = query_field(fields, "X-Amz-Security-Token");
  return out;
}

// A presigned URL of version 2 names no region: it is taken as signed in S3's first.
Read from_v2_query(const SignedQuery& fields) {
  const std::optional<std::int64_t> expires = parse_int(query_field(fields, "Expires"));
  constexpr std::int64_t latest = 4'102'444'800;  // 2100-01-01
  if (!expires || *expires < 0 || *expires > latest) {
    return AuthFailure{
        AuthFailureKind::kPresignInvalid,
        "Invalid date (should be seconds since epoch): " + query_field(fields, "Expires")};
  }
  Authentication out;
  out.version = SignatureVersion::kV2;
  out.access_key = AccessKeyId(query_field(fields, "AWSAccessKeyId"));
  out.scope.region = "us-east-1";
  out.scope.service = "s3";
  out.expires = std::chrono::seconds(*expires);
  out.signature = query_field(fields, "Signature");
  out.session_token = query_field(fields, "x-amz-security-token");
  return out;
}

std::optional<AuthFailure> check_time(const Authentication& authentication, TimePoint now) {
  if (authentication.time > now + kClockWindow) {
    return AuthFailure{AuthFailureKind::kClockSkew,
                       "Signature not yet current: " + authentication.scope.timestamp +
                           " is still later than " + basic_iso8601(now + kClockWindow) + " (" +
                           basic_iso8601(now) + " + 15 min.)"};
  }
  if (authentication.expires) {
    if (now > authentication.time + *authentication.expires)
      return AuthFailure{AuthFailureKind::kPresignExpired, "Request has expired"};
    return std::nullopt;
  }
  if (authentication.time < now - kClockWindow) {
    return AuthFailure{AuthFailureKind::kClockSkew,
                       "Signature expired: " + authentication.scope.timestamp +
                           " is now earlier than " + basic_iso8601(now - kClockWindow) + " (" +
                           basic_iso8601(now) + " - 15 min.)"};
  }
  return std::nullopt;
}

// Every field of a name, joined by commas, as the signature covers it.
std::vector<std::pair<std::string, std::string>> covered_headers(
    const Authentication& authentication, const net::RequestHead& head) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& name : authentication.signed_headers) {
    std::string joined;
    bool first = true;
    for (const auto& [field_name, value] : head.headers.fields()) {
      if (!equals_ignoring_case(field_name, name)) continue;
      if (!first) joined += ',';
      joined += canonical_header_value(value);
      first = false;
    }
    out.emplace_back(name, std::move(joined));
  }
  return out;
}

std::optional<AuthFailure> check_coverage(const Authentication& authentication,
                                          const net::RequestHead& head) {
  if (!covers(authentication, "host")) {
    return unreadable("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const auto& [name, value] : head.headers.fields()) {
    const std::string lower = to_lower(name);
    if (lower.starts_with("x-amz-") && !covers(authentication, lower)) {
      return AuthFailure{AuthFailureKind::kHeadersNotSigned, lower};
    }
  }
  return std::nullopt;
}

}  // namespace

bool read_credential(std::string_view text, Authentication& out) {
  const std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() != 5 || parts[4] != "aws4_request") return false;
  for (std::size_t i = 0; i < 4; ++i) {
    if (!is_scope_word(parts[i])) return false;
  }
  out.access_key = AccessKeyId(std::string(parts[0]));
  out.scope.date = std::string(parts[1]);
  out.scope.region = std::string(parts[2]);
  out.scope.service = std::string(parts[3]);
  return true;
}

const Authentication* authentication_of(const ReadAuthentication& read) {
  return std::get_if<Authentication>(&read);
}

bool is_unsigned(const ReadAuthentication& read) {
  const auto* failure = std::get_if<AuthFailure>(&read);
  return failure != nullptr && failure->kind == AuthFailureKind::kMissing;
}

ReadAuthentication read_authentication(const net::RequestHead& head) {
  const std::string_view authorization = head.headers.get("authorization");
  if (!authorization.empty()) return from_header(head, authorization);
  const SignedQuery fields = signed_query(head.raw_query());
  if (fields.contains("X-Amz-Algorithm") || fields.contains("X-Amz-Signature"))
    return from_query(fields);
  if (fields.contains("AWSAccessKeyId") && fields.contains("Signature"))
    return from_v2_query(fields);
  return AuthFailure{AuthFailureKind::kMissing, ""};
}

std::optional<AuthFailure> verify_signature(const Authentication& authentication,
                                            const net::RequestHead& head, const Secret& secret,
                                            std::string_view payload_hash, TimePoint now,
                                            SigningKeys& keys) {
  if (auto failure = check_time(authentication, now)) return failure;
  if (authentication.version == SignatureVersion::kV2) {
    if (constant_time_equal(sigv2_signature(head, secret), authentication.signature))
      return std::nullopt;
    return AuthFailure{AuthFailureKind::kMismatch, ""};
  }
  if (auto failure = check_coverage(authentication, head)) return failure;
  std::string_view hash = authentication.payload_hash;
  // Only S3 leaves a presigned body out of the signature.
  const bool unsigned_body = authentication.expires && authentication.scope.service == "s3";
  if (hash.empty()) hash = unsigned_body ? kUnsignedPayload : payload_hash;
  const CanonicalInput input{head.method, head.raw_path(), head.raw_query(),
                             covered_headers(authentication, head), hash};
  const std::string_view skip = authentication.expires ? "X-Amz-Signature" : "";
  const std::string expected =
      signature_of(keys.find(secret, authentication.scope), authentication.scope,
                   canonical_request(input, authentication.scope.service, skip));
  if (!constant_time_equal(expected, authentication.signature))
    return AuthFailure{AuthFailureKind::kMismatch, ""};
  return std::nullopt;
}

void apply_presigned_fields(net::RequestHead& head) {
  constexpr std::string_view signing[] = {
      "x-amz-algorithm",     "x-amz-credential", "x-amz-date",           "x-amz-expires",
      "x-amz-signedheaders", "x-amz-signature",  "x-amz-security-token", "x-amz-content-sha256"};
  for (const auto& [name, value] : signed_query(head.raw_query())) {
    const std::string lower = to_lower(name);
    if (std::find(std::begin(signing), std::end(signing), lower) != std::end(signing)) continue;
    const bool is_header =
        lower.starts_with("x-amz-") || lower == "content-type" || lower == "content-md5";
    if (is_header && head.headers.find(lower) == nullptr) head.headers.add(lower, value);
  }
}

std::optional<PayloadKind> payload_kind(std::string_view payload_hash) {
  if (payload_hash.empty() || payload_hash == kUnsignedPayload) return PayloadKind::kUnsigned;
  if (payload_hash == "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    return PayloadKind::kChunkedUnsignedTrailer;
  if (payload_hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return PayloadKind::kChunkedSigned;
  if (payload_hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
    return PayloadKind::kChunkedSignedTrailer;
  const bool hexadecimal =
      payload_hash.size() == 64 &&
      payload_hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (hexadecimal) return PayloadKind::kHashed;
  return std::nullopt;
}

}  // namespace clary::wire
