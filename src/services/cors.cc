#include "services/cors.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "base/wildcard.h"

namespace clary::services {
namespace {

using CorsRule = api::s3::CORSRule;

constexpr std::string_view kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
constexpr std::size_t kMostCorsRules = 100;
constexpr const char* kVary =
    "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

bool has_two_stars(const std::string& text) {
  return std::count(text.begin(), text.end(), '*') > 1;
}

std::optional<ServiceError> check_rule(const CorsRule& rule) {
  for (const std::string& method : rule.allowed_methods) {
    if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) {
      return ServiceError(
          "InvalidRequest",
          "Found unsupported HTTP method in CORS config. Unsupported method is " + method);
    }
  }
  for (const std::string& origin : rule.allowed_origins) {
    if (has_two_stars(origin))
      return ServiceError("InvalidRequest",
                          "AllowedOrigin \"" + origin + "\" can not have more than one wildcard.");
  }
  for (const std::string& header : rule.allowed_headers.value_or(std::vector<std::string>{})) {
    if (has_two_stars(header))
      return ServiceError("InvalidRequest",
                          "AllowedHeader \"" + header + "\" can not have more than one wildcard.");
  }
  return std::nullopt;
}

// What a browser asks for.
struct Wish {
  std::string origin;
  std::string method;
  std::vector<std::string> headers;  // lower case
};

// The first origin of the rule that fits, or null.
const std::string* fitting_origin(const CorsRule& rule, const Wish& wish) {
  const auto found =
      std::find_if(rule.allowed_origins.begin(), rule.allowed_origins.end(),
                   [&](const std::string& origin) { return wildcard_match(origin, wish.origin); });
  return found == rule.allowed_origins.end() ? nullptr : &*found;
}

bool allows_header(const CorsRule& rule, const std::string& header) {
  if (!rule.allowed_headers) return false;
  return std::any_of(
      rule.allowed_headers->begin(), rule.allowed_headers->end(),
      [&](const std::string& pattern) { return wildcard_match(to_lower(pattern), header); });
}

bool fits(const CorsRule& rule, const Wish& wish) {
  return fitting_origin(rule, wish) != nullptr &&
         std::find(rule.allowed_methods.begin(), rule.allowed_methods.end(), wish.method) !=
             rule.allowed_methods.end() &&
         std::all_of(wish.headers.begin(), wish.headers.end(),
                     [&](const std::string& header) { return allows_header(rule, header); });
}

const CorsRule* find_rule(const CorsConfiguration& configuration, const Wish& wish) {
  const auto found = std::find_if(configuration.cors_rules.begin(), configuration.cors_rules.end(),
                                  [&](const CorsRule& rule) { return fits(rule, wish); });
  return found == configuration.cors_rules.end() ? nullptr : &*found;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out.append(out.empty() ? "" : ", ").append(text);
  return out;
}

void add_rule_fields(const CorsRule& rule, const Wish& wish, net::Headers& out) {
  const bool everyone = *fitting_origin(rule, wish) == "*";
  out.set("Access-Control-Allow-Origin", everyone ? "*" : wish.origin);
  out.set("Access-Control-Allow-Methods", joined(rule.allowed_methods));
  if (!everyone) out.set("Access-Control-Allow-Credentials", "true");
  if (rule.expose_headers && !rule.expose_headers->empty())
    out.set("Access-Control-Expose-Headers", joined(*rule.expose_headers));
  if (rule.max_age_seconds)
    out.set("Access-Control-Max-Age", std::to_string(*rule.max_age_seconds));
  out.set("Vary", kVary);
}

ServiceError forbidden(const char* sentence) {
  return {"AccessForbidden", std::string("CORSResponse: ") + sentence, 403};
}

}  // namespace

std::optional<ServiceError> check_cors(const CorsConfiguration& configuration) {
  if (configuration.cors_rules.empty() || configuration.cors_rules.size() > kMostCorsRules)
    return ServiceError("MalformedXML", "A CORS configuration has 1 to 100 rules.");
  for (const CorsRule& rule : configuration.cors_rules) {
    if (auto wrong = check_rule(rule)) return wrong;
  }
  return std::nullopt;
}

Outcome<net::Headers> answer_preflight(const CorsConfiguration* configuration,
                                       const net::RequestHead& head) {
  Wish wish{std::string(head.headers.get("origin")),
            std::string(head.headers.get("access-control-request-method")),
            {}};
  if (wish.origin.empty())
    return ServiceError("BadRequest", "Insufficient information. Origin request header needed.");
  if (std::find(std::begin(kMethods), std::end(kMethods), wish.method) == std::end(kMethods)) {
    return ServiceError("BadRequest", "Invalid Access-Control-Request-Method: " +
                                          (wish.method.empty() ? "null" : wish.method));
  }
  for (const std::string_view name :
       split(head.headers.get("access-control-request-headers"), ',')) {
    if (!trim(name).empty()) wish.headers.push_back(to_lower(trim(name)));
  }
  if (configuration == nullptr) return forbidden("CORS is not enabled for this bucket.");
  const CorsRule* rule = find_rule(*configuration, wish);
  if (rule == nullptr) {
    return forbidden(  // as AWS spells it
        "This CORS request is not allowed. This is usually because the evalution of Origin, "
        "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not "
        "whitelisted by the resource's CORS spec.");
  }
  net::Headers out;
  add_rule_fields(*rule, wish, out);
  if (!wish.headers.empty()) out.set("Access-Control-Allow-Headers", joined(wish.headers));
  return out;
}

void add_cors_fields(const CorsConfiguration& configuration, const net::RequestHead& head,
                     net::Headers& reply) {
  const std::string* origin = head.headers.find("origin");
  if (origin == nullptr) return;
  const Wish wish{*origin, head.method, {}};
  if (const CorsRule* rule = find_rule(configuration, wish)) add_rule_fields(*rule, wish, reply);
}

}  // namespace clary::services
