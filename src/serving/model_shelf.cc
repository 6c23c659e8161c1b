#include "serving/model_shelf.h"

#include <algorithm>

namespace clary::serving {

void write_series(telemetry::PrometheusText& text, std::span<const ModelSeries> models) {
  using Type = telemetry::PrometheusType;
  text.family("clary_model_waiting", "Requests that wait for a worker.", Type::kGauge);
  for (const ModelSeries& model : models) {
    text.sample("clary_model_waiting", model_labels(model.name),
                static_cast<double>(model.waiting));
  }
  text.family("clary_model_workers", "Workers by what they can do.", Type::kGauge);
  for (const ModelSeries& model : models) {
    const auto sample = [&](LanePhase phase, std::string_view state) {
      const auto count =
          std::count_if(model.lanes.begin(), model.lanes.end(),
                        [phase](const LaneView& lane) { return lane.phase == phase; });
      text.sample("clary_model_workers", model_labels(model.name, {{"state", state}}),
                  static_cast<double>(count));
    };
    sample(LanePhase::kServing, "ready");
    sample(LanePhase::kUnloaded, "failing");
    sample(LanePhase::kClosed, "starting");
  }
  const bool measured = std::any_of(models.begin(), models.end(), [](const ModelSeries& model) {
    return model.memory_bytes.has_value();
  });
  if (!measured) return;
  text.family("clary_model_memory_bytes", "Memory of a model's workers, shared pages divided.",
              Type::kGauge);
  for (const ModelSeries& model : models) {
    if (model.memory_bytes)
      text.sample("clary_model_memory_bytes", model_labels(model.name),
                  static_cast<double>(*model.memory_bytes));
  }
}

}  // namespace clary::serving
