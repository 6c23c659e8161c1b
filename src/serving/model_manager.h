// ModelManager: many models in one server, loaded when they are asked for and kept by recency
// within a budget of memory.
//
//   absent → kLoading → kReady → absent
//
// A load runs on a thread of its own pool: calls of other models do not wait for it, and calls of
// the same one wait together for one load. Who goes stands in eviction.h, what may be loaded in
// model_roots.h. Thread-safe; the answers of calls come as a LiveModel's do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "serving/eviction.h"
#include "serving/model_roots.h"
#include "serving/model_shelf.h"
#include "serving/model_unit.h"

namespace clary::serving {

struct ManagerOptions {
  ModelRoots roots = {};
  std::uint64_t memory_bytes = UINT64_MAX;  // that all models' workers may take
  std::size_t workers = 1;                  // of each model
  std::size_t waiting = 256;                // calls of one model that wait for its load
  Duration load_limit = std::chrono::seconds(600);
  std::size_t loads_at_once = 4;
  Duration upkeep_interval = std::chrono::seconds(1);
};

struct ManagedModel {
  std::string name;
  std::string url;
  bool ready = false;
  bool pinned = false;
  std::uint64_t memory_bytes = 0;
  std::size_t calls = 0;  // not answered yet
  std::vector<LaneView> lanes;
};

class ModelManager final : public ModelShelf {
 public:
  using Done = std::function<void(Status)>;

  // All outlive the manager.
  ModelManager(ModelOpener& opener, ManagerOptions options, const Clock& clock,
               const Logger& logger);
  ModelManager(const ModelManager&) = delete;
  ModelManager& operator=(const ModelManager&) = delete;
  ~ModelManager() override;  // stop()

  // done: once, on any thread: AlreadyExists, LimitExceeded when there is no room, Denied for a url
  // that is not below a root, else why the model could not be loaded.
  void load(const std::string& name, const std::string& url, bool pinned, Done done);
  // Calls that it has are answered. NotFound; Conflict while it is loaded.
  Status unload(const std::string& name);
  // NotFound.
  Status pin(const std::string& name, bool pinned);
  std::optional<ManagedModel> find(const std::string& name) const;
  // In the order of their names, from the first one after `after`.
  std::vector<ManagedModel> list(const std::string& after, std::size_t most) const;

  // Of ModelShelf. A model that is not there is loaded from below ModelRoots::from.
  Readiness readiness() const override;
  std::optional<Refusal> refusal(const std::string& model, std::uint64_t body_bytes) const override;
  std::optional<Refusal> submit(const std::string& model, PendingCall call) override;
  void count(const std::string& model, int status, Duration total,
             const StageTimes& times) override;
  void write_metrics(telemetry::PrometheusText& text) const override;

  // No new loads; every model is drained; then all of them end.
  void stop(Duration drain_limit = Duration(0));
  // Measures the models, answers the calls that waited in vain for a load. Called now and then.
  void upkeep();

 private:
  using Unit = std::shared_ptr<ModelUnit>;
  struct Entry {
    std::string url;
    Unit unit;  // null: it is being loaded
    bool pinned = false;
    std::uint64_t bytes = 0;  // measured, or expected; 0: not known yet
    Duration last_used{0};
    std::vector<PendingCall> waiting;  // for the load
    Done done;
  };
  using Entries = std::map<std::string, Entry>;

  void begin_load(const std::string& name, Entry entry) CLARY_REQUIRES(mutex_);
  void run_load(const std::string& name, const std::string& url);
  Result<Unit> open(const std::string& name, const std::string& url);
  // Makes room for the model; what goes has ended when this returns.
  Status admit(const std::string& name, std::uint64_t bytes);
  Result<std::vector<Unit>> take_evicted(const std::string& name, std::uint64_t bytes);
  std::vector<HeldModel> held_but(const std::string& name) const CLARY_REQUIRES(mutex_);
  std::optional<Refusal> refusal_now(const std::string& model) const CLARY_REQUIRES(mutex_);
  void retire(Unit unit) const;
  static ManagedModel view_of(const std::string& name, const Entry& entry);

  ModelOpener& opener_;
  const ManagerOptions options_;
  const Clock& clock_;
  const Logger& logger_;
  std::stop_source stop_;
  mutable Mutex mutex_;
  Entries entries_ CLARY_GUARDED_BY(mutex_);
  bool stopping_ CLARY_GUARDED_BY(mutex_) = false;
  std::unique_ptr<ThreadPool> loaders_;
  std::unique_ptr<Loop> upkeep_;  // last: it uses the members above
};

}  // namespace clary::serving
