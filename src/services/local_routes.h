// Pages that are Clary's own, not AWS's: /healthz, /readyz, /metrics, /_clary/... (DESIGN 4).
//
// A web page in somebody's browser can reach 127.0.0.1 too, so each but the health pages demands
// no foreign Origin and as its Host localhost, an IP address or a configured name: a page can have
// a name of its own point here, but not an address. Filled by main before the front is built, then
// only read: any thread. What a route refers to outlives this.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "base/names.h"
#include "domain/key_store.h"
#include "net/http.h"

namespace clary::services {

enum class LocalAccess {
  kHealth,   // alive, ready: to whoever asks, whatever Host and Origin
  kOpen,     // nothing secret in it
  kRootKey,  // signed (SigV4, service "clary") with a person's key
  kInJob,    // only on a job's own socket; the route checks the rest
};

struct LocalRequest {
  const net::RequestHead* head = nullptr;
  std::string rest;  // of the path after the route's, where that ends in '/'
  std::string body;
};

struct LocalRoute {
  std::string method;  // GET also answers HEAD
  std::string path;    // "/healthz"; "/_clary/jobs/" takes every path under it
  LocalAccess access = LocalAccess::kOpen;
  std::function<net::Reply(const LocalRequest&)> answer;
};

// The signing name of requests to these pages.
inline constexpr std::string_view kLocalService = "clary";
inline constexpr std::string_view kLocalPrefix = "/_clary/";

class LocalRoutes {
 public:
  // allowed_hosts: host names besides localhost, without ports.
  explicit LocalRoutes(std::vector<std::string> allowed_hosts = {})
      : allowed_hosts_(std::move(allowed_hosts)) {}

  void add(LocalRoute route) { routes_.push_back(std::move(route)); }

  // The route of a request that is not AWS's: same method, longest path. Null: none.
  const LocalRoute* find(const net::RequestHead& head) const;
  bool knows_path(const net::RequestHead& head) const;
  // A sentence when Host or Origin forbid it.
  std::optional<std::string> refusal(const net::RequestHead& head) const;

 private:
  bool is_allowed_host(std::string_view host) const;

  std::vector<LocalRoute> routes_;
  std::vector<std::string> allowed_hosts_;
};

// {"message": ...} with a status; and any document.
net::Reply local_message(int status, std::string_view message);
net::Reply local_json(const Document& document, int status = 200);

// Where a job's session credentials come from.
class JobCredentials {
 public:
  virtual ~JobCredentials() = default;
  // Credentials that are good for some minutes more. authorization: the request's Authorization
  // field. Denied: not the gang's token. NotFound: the gang has ended.
  virtual Result<domain::AccessKey> current(const GangId& gang, std::string_view authorization) = 0;
};
// GET /_clary/credentials, in the form of the AWS container-credentials provider. credentials
// outlive the routes.
void add_credentials_route(LocalRoutes& routes, JobCredentials& credentials);

}  // namespace clary::services
