// FakeUnit and FakeOpener: models on a FakeEngine, for tests of what manages many. Set the opener's
// members before it is used.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "serving/fake_engine.h"
#include "serving/model_unit.h"

namespace clary::serving {

class FakeUnit final : public ModelUnit {
 public:
  FakeUnit(const Clock& clock, std::atomic<int>& alive)
      : alive_(alive), live_(engine, {}, clock, silent_logger(), metrics_) {
    ++alive_;
  }
  ~FakeUnit() override {
    live_.stop();
    --alive_;
  }

  LiveModel& live() override { return live_; }
  ModelMetrics& metrics() override { return metrics_; }
  std::uint64_t file_bytes() const override { return 0; }
  std::uint64_t memory_bytes() const override { return memory; }

  FakeEngine engine;
  std::uint64_t memory = 0;

 private:
  std::atomic<int>& alive_;
  ModelMetrics metrics_;
  LiveModel live_;
};

class FakeOpener final : public ModelOpener {
 public:
  explicit FakeOpener(const Clock& clock) : clock_(clock) {}

  Result<std::shared_ptr<ModelUnit>> fetch(const std::string& source,
                                           const std::stop_token&) override {
    ++fetched;
    const Status outcome = on_fetch(source);
    if (!outcome.ok()) return outcome.error();
    auto unit = std::make_shared<FakeUnit>(clock_, alive);
    on_unit(*unit);
    return std::shared_ptr<ModelUnit>(std::move(unit));
  }

  // Called on the loaders' threads.
  std::function<Status(const std::string& source)> on_fetch = [](const std::string&) {
    return Status();
  };
  std::function<void(FakeUnit& unit)> on_unit = [](FakeUnit&) {};
  std::atomic<int> fetched = 0;
  std::atomic<int> alive = 0;  // units

 private:
  const Clock& clock_;
};

}  // namespace clary::serving
