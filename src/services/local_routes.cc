#include "services/local_routes.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"
#include "base/time_text.h"

namespace clary::services {
namespace {

bool covers(const LocalRoute& route, std::string_view path) {
  return route.path.ends_with('/') ? path.starts_with(route.path) : path == route.path;
}

bool takes_method(const LocalRoute& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

// "127.0.0.1:4580" → "127.0.0.1", "[::1]:80" → "::1"
std::string_view without_port(std::string_view host) {
  if (host.starts_with('['))
    return host.substr(1, host.find(']') == std::string_view::npos ? 0 : host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_ip_address(const std::string& host) {
  in6_addr parsed{};
  return ::inet_pton(AF_INET, host.c_str(), &parsed) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

net::Reply credentials_reply(const domain::AccessKey& key) {
  Document document = Document::object({{"AccessKeyId", key.id.value()},
                                        {"SecretAccessKey", key.secret.reveal()},
                                        {"Token", key.session_token.reveal()},
                                        {"RoleArn", key.principal}});
  if (key.expires) document.set("Expiration", iso8601(*key.expires));
  return local_json(document);
}

}  // namespace

const LocalRoute* LocalRoutes::find(const net::RequestHead& head) const {
  const LocalRoute* best = nullptr;
  for (const LocalRoute& route : routes_) {
    if (!takes_method(route, head.method) || !covers(route, head.raw_path())) continue;
    if (best == nullptr || route.path.size() > best->path.size()) best = &route;
  }
  return best;
}

bool LocalRoutes::knows_path(const net::RequestHead& head) const {
  if (head.raw_path().starts_with(kLocalPrefix)) return true;
  return std::any_of(routes_.begin(), routes_.end(),
                     [&](const LocalRoute& route) { return covers(route, head.raw_path()); });
}

bool LocalRoutes::is_allowed_host(std::string_view host) const {
  const std::string_view name = without_port(host);
  if (equals_ignoring_case(name, "localhost") || is_ip_address(std::string(name))) return true;
  return std::any_of(allowed_hosts_.begin(), allowed_hosts_.end(), [&](const std::string& allowed) {
    return equals_ignoring_case(allowed, name);
  });
}

std::optional<std::string> LocalRoutes::refusal(const net::RequestHead& head) const {
  const std::string_view host = head.headers.get("host");
  if (!is_allowed_host(host)) {
    return "the Host '" + std::string(host) +
           "' is neither localhost, nor an IP address, nor among allowed_hosts";
  }
  const std::string* origin = head.headers.find("origin");
  if (origin == nullptr) return std::nullopt;
  if (equals_ignoring_case(*origin, "http://" + std::string(host)) ||
      equals_ignoring_case(*origin, "https://" + std::string(host))) {
    return std::nullopt;
  }
  return "a page of another origin ('" + *origin + "') may not ask";
}

net::Reply local_json(const Document& document, int status) {
  net::Reply reply;
  reply.status = status;
  reply.headers.set("Content-Type", "application/json");
  reply.headers.set("Cache-Control", "no-store");
  reply.body = to_json(document) + '\n';
  return reply;
}

net::Reply local_message(int status, std::string_view message) {
  return local_json(Document::object({{"message", message}}), status);
}

void add_credentials_route(LocalRoutes& routes, JobCredentials& credentials) {
  routes.add({"GET", "/_clary/credentials", LocalAccess::kInJob,
              [&credentials](const LocalRequest& request) {
                const Result<domain::AccessKey> key =
                    credentials.current(GangId(request.head->origin.listener),
                                        request.head->headers.get("authorization"));
                if (key.ok()) return credentials_reply(*key);
                const bool is_denied = key.error().code == ErrorCode::kDenied;
                return local_message(is_denied                                  ? 403
                                     : key.error().code == ErrorCode::kNotFound ? 404
                                                                                : 500,
                                     key.error().message);
              }});
}

}  // namespace clary::services
