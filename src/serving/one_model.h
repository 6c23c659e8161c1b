// OneModel: the shelf of a server with one model, which another may take the place of. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "serving/model_metrics.h"
#include "serving/model_shelf.h"

namespace clary::serving {

class OneModel final : public ModelShelf {
 public:
  // Outlives the shelf.
  explicit OneModel(ModelMetrics& metrics) : metrics_(metrics) {}

  // Calls go to this one from now on. Returns the one before, which nobody asks any more once the
  // pointer returned is the only one to it; null: the first.
  std::shared_ptr<LiveModel> set(std::shared_ptr<LiveModel> model);
  // Null: none yet.
  std::shared_ptr<LiveModel> get() const;

  Readiness readiness() const override;
  std::optional<Refusal> refusal(const std::string& model, std::uint64_t body_bytes) const override;
  std::optional<Refusal> submit(const std::string& model, PendingCall call) override;
  void count(const std::string& model, int status, Duration total,
             const StageTimes& times) override;
  void write_metrics(telemetry::PrometheusText& text) const override;

 private:
  ModelMetrics& metrics_;
  mutable Mutex mutex_;
  std::shared_ptr<LiveModel> model_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::serving
