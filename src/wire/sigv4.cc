#include "wire/sigv4.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::wire {
namespace {

constexpr std::size_t kRememberedKeys = 256;

// Text that may hold a bad escape is taken as it stands: the signature then simply does not match.
std::string decoded(std::string_view text) {
  return percent_decode(text).value_or(std::string(text));
}

std::string canonical_path(std::string_view raw_path, std::string_view service) {
  if (raw_path.empty()) return "/";
  if (service == "s3") return percent_encode(decoded(raw_path), Slash::kKeep);
  return percent_encode(raw_path, Slash::kKeep);
}

std::string canonical_query(std::string_view raw_query, std::string_view skip) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const std::string_view field : split(raw_query, '&')) {
    if (field.empty()) continue;
    const std::size_t equals = field.find('=');
    const std::string name = decoded(field.substr(0, equals));
    if (name == skip) continue;
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
    fields.emplace_back(percent_encode(name), percent_encode(decoded(value)));
  }
  std::sort(fields.begin(), fields.end());
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string signed_header_names(const CanonicalInput& input) {
  std::string names;
  for (const auto& [name, value] : input.headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

bool is_covered(std::string_view lower_name) {
  return lower_name.starts_with("x-amz-") || lower_name == "content-type" ||
         lower_name == "content-md5";
}

std::vector<std::pair<std::string, std::string>> covered_headers(const net::Headers& headers,
                                                                 std::string_view host) {
  std::vector<std::pair<std::string, std::string>> out{{"host", std::string(host)}};
  for (const auto& [name, value] : headers.fields()) {
    std::string lower = to_lower(name);
    if (is_covered(lower)) out.emplace_back(std::move(lower), canonical_header_value(value));
  }
  std::sort(out.begin(), out.end());
  return out;
}

SigningScope scope_of(const Signer& signer, TimePoint now) {
  const std::string timestamp = basic_iso8601(now);
  return {timestamp, timestamp.substr(0, 8), signer.region, signer.service};
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }
std::string_view query_of(std::string_view target) {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

}  // namespace

std::string SigningScope::to_string() const {
  return date + '/' + region + '/' + service + "/aws4_request";
}

std::string canonical_header_value(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    if (c == ' ' && !out.empty() && out.back() == ' ') continue;
    out += c;
  }
  return out;
}

std::string canonical_request(const CanonicalInput& input, std::string_view service,
                              std::string_view skip) {
  std::string out(input.method);
  out += '\n' + canonical_path(input.raw_path, service) + '\n' +
         canonical_query(input.raw_query, skip) + '\n';
  for (const auto& [name, value] : input.headers) {
    out.append(name).append(":").append(value).append("\n");
  }
  out += '\n' + signed_header_names(input) + '\n';
  out += input.payload_hash;
  return out;
}

std::string signing_key(const Secret& secret, const SigningScope& scope) {
  const std::string date_key = hmac_sha256("AWS4" + secret.reveal(), scope.date);
  const std::string service_key = hmac_sha256(hmac_sha256(date_key, scope.region), scope.service);
  return hmac_sha256(service_key, "aws4_request");
}

std::string SigningKeys::find(const Secret& secret, const SigningScope& scope) {
  std::string all = secret.reveal();
  all.append("/").append(scope.to_string());
  {
    MutexLock lock(mutex_);
    const auto found = made_.find(all);
    if (found != made_.end()) return found->second;
  }
  std::string key = signing_key(secret, scope);
  MutexLock lock(mutex_);
  if (made_.size() >= kRememberedKeys) made_.clear();
  made_[std::move(all)] = key;
  return key;
}

std::string signature_of(std::string_view key, const SigningScope& scope,
                         std::string_view canonical) {
  std::string text(kSigningAlgorithm);
  text += '\n' + scope.timestamp + '\n' + scope.to_string() + '\n' + hex_encode(sha256(canonical));
  return hex_encode(hmac_sha256(key, text));
}

std::string payload_hash(std::string_view body) {
  return body.empty() ? std::string(kEmptyPayloadHash) : hex_encode(sha256(body));
}

void sign(const Signer& signer, const SignedParts& parts, TimePoint now, net::Headers& headers) {
  const SigningScope scope = scope_of(signer, now);
  headers.set("X-Amz-Date", scope.timestamp);
  if (!signer.session_token.empty())
    headers.set("X-Amz-Security-Token", signer.session_token.reveal());
  if (signer.service == "s3") headers.set("X-Amz-Content-SHA256", std::string(parts.payload_hash));
  const CanonicalInput input{parts.method, path_of(parts.target), query_of(parts.target),
                             covered_headers(headers, parts.host), parts.payload_hash};
  const std::string signature = signature_of(signing_key(signer.secret_key, scope), scope,
                                             canonical_request(input, signer.service, ""));
  headers.set("Authorization",
              std::string(kSigningAlgorithm) + " Credential=" + signer.access_key.value() + '/' +
                  scope.to_string() + ", SignedHeaders=" + signed_header_names(input) +
                  ", Signature=" + signature);
}

std::string presign(const Signer& signer, const SignedParts& parts, TimePoint now,
                    Duration expires) {
  const SigningScope scope = scope_of(signer, now);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(expires).count();
  std::string target(parts.target);
  target += query_of(target).empty() ? (target.find('?') == std::string::npos ? "?" : "") : "&";
  target += "X-Amz-Algorithm=" + std::string(kSigningAlgorithm) + "&X-Amz-Credential=" +
            percent_encode(signer.access_key.value() + '/' + scope.to_string()) +
            "&X-Amz-Date=" + scope.timestamp + "&X-Amz-Expires=" + std::to_string(seconds) +
            "&X-Amz-SignedHeaders=host";
  if (!signer.session_token.empty()) {
    target += "&X-Amz-Security-Token=" + percent_encode(signer.session_token.reveal());
  }
  const CanonicalInput input{parts.method,
                             path_of(target),
                             query_of(target),
                             {{"host", std::string(parts.host)}},
                             kUnsignedPayload};
  const std::string canonical = canonical_request(input, signer.service, "");
  return target + "&X-Amz-Signature=" +
         signature_of(signing_key(signer.secret_key, scope), scope, canonical);
}

}  // namespace clary::wire
