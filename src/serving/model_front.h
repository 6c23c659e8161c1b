// The HTTP front of one model: SageMaker's container contract.
//
//   GET /ping           200 when the model is loaded, else 503 with a sentence, of the type
//                       ModelLoadFailed when every worker has tried in vain
//   POST /invocations   the model's own answer, or 413, 503 with Retry-After, 500, 504
//   GET /metrics        Prometheus' text
//
// Refusals of the server's own have the form that TorchServe's and MMS's clients know:
// {"code": 503, "type": "ServiceUnavailableException", "message": "..."}. Every answer bears
// X-Request-Id: the caller's, where it sent one. Thread-safe; no thread waits for a model.
// Source: contract.md 7.1; docs/model-server.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/id_source.h"
#include "net/http.h"
#include "net/server.h"
#include "serving/access_log.h"
#include "serving/live_model.h"
#include "serving/model_metrics.h"

namespace clary::serving {

struct FrontOptions {
  std::uint64_t max_payload_bytes = std::uint64_t{64} << 20;
  Duration timeout = std::chrono::seconds(60);
  // Refuses what a page in somebody's browser may have sent: for a server on loopback.
  bool only_local_callers = true;
};

class ModelFront final : public net::Handler {
 public:
  // All outlive the front. counters: of the HTTP server, for /metrics; set before it listens.
  ModelFront(LiveModel& model, ModelMetrics& metrics, AccessLog& log, const Clock& clock,
             IdSource& ids, FrontOptions options);

  std::variant<net::Reply, std::unique_ptr<net::RequestSink>> start(net::RequestHead head) override;
  net::Reply overloaded(const net::RequestHead& head) override;

  std::function<net::ServerCounters()> counters;

 private:
  class Call;
  class InvocationSink;

  net::Reply ping() const;
  net::Reply metrics_page() const;
  // Everything but an invocation that may begin.
  net::Reply answer_now(const net::RequestHead& head) const;
  std::variant<net::Reply, std::unique_ptr<net::RequestSink>> invoke(net::RequestHead head);

  LiveModel& model_;
  ModelMetrics& metrics_;
  AccessLog& log_;
  const Clock& clock_;
  IdSource& ids_;
  const FrontOptions options_;
};

// A refusal of the server's own.
net::Reply refusal_reply(int status, std::string_view sentence);

}  // namespace clary::serving
