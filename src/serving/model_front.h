// The HTTP front of a model server.
//
//   GET /ping, /v2/health/ready    200 when the model is loaded, else 503 with a sentence, of
//                                  the type ModelLoadFailed when every worker has tried in vain
//   GET /v2/health/live            200
//   POST /invocations              the model's own answer, or 413, 503 with Retry-After, 500, 504
//   /v1/models, /v2/models, /predictions   likewise: the model's own side knows these protocols
//   GET /metrics                   Prometheus' text
//   /models, /models/NAME/invoke   of a server of many models: models_api.h, and a call of one
//
// Refusals of its own: front_replies.h. Every answer bears X-Request-Id: the caller's, where it
// sent one. Thread-safe; no thread waits for a model. Source: contract.md 7.1;
// docs/model-server.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "net/http.h"
#include "net/server.h"
#include "serving/front_call.h"
#include "serving/front_path.h"
#include "serving/invocation_sink.h"
#include "serving/models_api.h"

namespace clary::serving {

struct FrontOptions {
  std::uint64_t max_payload_bytes = std::uint64_t{64} << 20;
  Duration timeout = std::chrono::seconds(60);
  // Refuses what a page in somebody's browser may have sent: for a server on loopback.
  bool only_local_callers = true;
  // Tells of successful pings in the access log too: whoever watches a server asks all the time.
  bool log_pings = false;
};

class ModelFront final : public net::Handler {
 public:
  // What `parts` name outlives the front. counters: of the HTTP server, for /metrics; set before it
  // listens.
  ModelFront(FrontParts parts, FrontOptions options) : parts_(parts), options_(options) {}

  std::variant<net::Reply, std::unique_ptr<net::RequestSink>> start(net::RequestHead head) override;
  // Pings, and calls of the only model: they only take and leave places in queues. Where there are
  // many, a call may ask the disk where its model lies.
  bool is_quick(const net::RequestHead& head) const override;
  net::Reply overloaded(const net::RequestHead& head) override;

  std::function<net::ServerCounters()> counters;
  // Of a server of many models; null: it has one. Set before it listens; outlives the front.
  ModelsApi* many = nullptr;

 private:
  using Outcome = std::variant<net::Reply, std::unique_ptr<net::RequestSink>>;

  // What the request asks for; the model it names too.
  FrontPath path_of(const net::RequestHead& head) const;
  net::Reply ping() const;
  net::Reply metrics_page() const;
  net::Reply answer_now(const net::RequestHead& head, const FrontPath& path) const;
  Outcome invoke(net::RequestHead head, const FrontPath& path, FrontCall call);

  const FrontParts parts_;
  const FrontOptions options_;
};

}  // namespace clary::serving
