// The front: every request's way through the server, as one list (DESIGN 4).
//
//   head → find service and operation → authenticate → authorise → decode and validate → call the
//   method → encode
//
// Errors join at encode. Thread-safe; its methods run on the server's pool threads.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id_source.h"
#include "base/logger.h"
#include "base/names.h"
#include "base/thread_pool.h"
#include "domain/identity_store.h"
#include "domain/key_store.h"
#include "net/http.h"
#include "services/authenticator.h"
#include "services/bucket_rules.h"
#include "services/key_places.h"
#include "services/local_routes.h"
#include "services/router.h"
#include "telemetry/server_metrics.h"
#include "wire/validator.h"

namespace clary::services {

struct FrontLimits {
  std::size_t body_bytes = 8 << 20;  // of a request that is read whole: over it 413
  // Of a body that goes on to somebody else; it is kept whole too.
  // Source: AWS, InvokeEndpoint: "The maximum payload size is 25 MB".
  std::size_t exchanged_bytes = 25 << 20;
  std::size_t requests_per_key =
      2048;  // under way at once; over it the client is asked to slow down
};

// Everything passed outlives the front.
struct FrontParts {
  const Router& router;
  const LocalRoutes& local_routes;
  domain::KeyStore& keys;
  domain::IdentityStore& identities;
  const Clock& clock;
  IdSource& ids;
  const Logger& logger;
  AccountId account = AccountId("000000000000");
  FrontLimits limits = {};
  telemetry::ServerMetrics* requests = nullptr;  // counts every answer; null: nobody counts
  BucketRules* buckets = nullptr;                // null: no bucket has rules
  std::vector<std::string> s3_domains = {};      // BUCKET.DOMAIN in Host names a bucket
};

class Front final : public net::Handler {
 public:
  explicit Front(FrontParts parts);

  std::variant<net::Reply, std::unique_ptr<net::RequestSink>> start(net::RequestHead head) override;
  net::Reply overloaded(const net::RequestHead& head) override;

 private:
  using Started = std::variant<net::Reply, std::unique_ptr<net::RequestSink>>;

  bool is_local(const net::RequestHead& head) const;
  Started start_local(net::RequestHead head, RequestId request_id);
  Started start_call(net::RequestHead head, RequestId request_id);
  // Whether it is a browser asking what another origin's page may do with a bucket.
  static bool is_preflight(const net::RequestHead& head);

  FrontParts parts_;
  Authenticator authenticator_;
  wire::Validator validator_;
  KeyPlaces key_places_;
  ThreadPool hashing_;  // payload hashes, beside the threads that store
};

}  // namespace clary::services
