// ModelShelf: the models that a front's requests go to: one, or many by their names. Thread-safe.
//
// Implementations: OneModel, ModelManager.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "serving/admission.h"
#include "serving/live_model.h"
#include "serving/model_call.h"
#include "telemetry/prometheus_text.h"

namespace clary::serving {

class ModelShelf {
 public:
  virtual ~ModelShelf() = default;
  // Of the server as a whole: what /ping says.
  virtual Readiness readiness() const = 0;
  // Whether a call with such a body would be refused now; asked before its body is read. model:
  // that the request names, empty: none.
  virtual std::optional<Refusal> refusal(const std::string& model,
                                         std::uint64_t body_bytes) const = 0;
  // The answer may come on this thread, before it returns.
  virtual std::optional<Refusal> submit(const std::string& model, PendingCall call) = 0;
  // A call of the model was answered, by whom ever.
  virtual void count(const std::string& model, int status, Duration total,
                     const StageTimes& times) = 0;
  virtual void write_metrics(telemetry::PrometheusText& text) const = 0;
};

// What /metrics says of a model as it is now.
struct ModelSeries {
  std::string name;  // empty: the only one
  std::size_t waiting = 0;
  std::vector<LaneView> lanes = {};
  std::optional<std::uint64_t> memory_bytes = {};  // of its workers
};
void write_series(telemetry::PrometheusText& text, std::span<const ModelSeries> models);

}  // namespace clary::serving
