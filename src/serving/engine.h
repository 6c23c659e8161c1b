// Engine: what runs a model. A lane of it runs one batch at a time; a model has several.
//
// Implementations: PythonEngine (a worker process per lane), TorchEngine (a model in this process),
// FakeEngine (tests). Queues, deadlines, replacement of what died and metrics are LiveModel's and
// the same for all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "serving/model_call.h"

namespace clary::serving {

struct LaneResult {
  enum class Fault {
    kNone,
    kNotBegun,  // the lane is dead, and no code of the model has seen the requests
    kEnded,     // the lane died with them
    kTooLong,   // the deadline passed; the lane was ended
  };
  Fault fault = Fault::kNone;
  std::string sentence;              // of a fault: what happened, for whoever asked
  std::vector<ModelAnswer> answers;  // without a fault: one for each request, in their order
  // The engine tried something besides: its time tells nothing of other batches.
  bool is_trial = false;
  // Set where the answer to the only request comes in pieces: to be called once, after that answer
  // was given, on the lane's thread. Blocks until the last piece is made or nobody wants more; a
  // piece that takes longer than `patience` is a fault. Its result has no answers.
  std::function<LaneResult(Duration patience)> rest = {};
};

// Used by one thread at a time. After a fault it is only destroyed.
class Lane {
 public:
  virtual ~Lane() = default;
  // Why its model is not loaded, in one line; nothing once it is. A call may load it.
  virtual std::optional<std::string> failure() const = 0;
  // Whether run() gains from more than one request.
  virtual bool takes_batches() const = 0;
  // Blocks until all are answered or `deadline`, on the steady clock, has passed. batch: not empty.
  virtual LaneResult run(std::span<const ModelRequest* const> batch, Duration deadline) = 0;
  // Whether it can run something. Asked now and then while it has nothing to do.
  virtual bool is_alive() const = 0;
};

// Thread-safe. Outlives its lanes.
class Engine {
 public:
  virtual ~Engine() = default;
  // Loads the model and warms it up. A model whose own code fails gives a lane with a failure().
  // Errors: the lane itself cannot be had.
  virtual Result<std::unique_ptr<Lane>> open_lane(Duration deadline) = 0;
  // Ends what runs: lanes give faults at once, open_lane() fails. For good.
  virtual void stop() = 0;
  // What the processes that run the model take, measured now; 0: they are none of its own.
  virtual std::uint64_t memory_bytes() const { return 0; }
};

}  // namespace clary::serving
