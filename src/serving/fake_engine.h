// FakeEngine: lanes made of functions, for tests of what stands around engines. Set its members
// before it is used; they are called on the lanes' threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "serving/answer_pieces.h"
#include "serving/engine.h"

namespace clary::serving {

// The answer 200 with this body.
ModelAnswer text_answer(std::string body);
LaneResult lane_fault(LaneResult::Fault fault, std::string sentence);
// The answer 200 whose body begins with `first`; `make` is called for the rest, ends it, and says
// what has become of the lane.
LaneResult answer_in_pieces(const std::string& first,
                            std::function<LaneResult(AnswerPieces& pieces)> make);

class FakeEngine final : public Engine {
 public:
  using Batch = std::span<const ModelRequest* const>;

  Result<std::unique_ptr<Lane>> open_lane(Duration deadline) override;
  void stop() override { stopped = true; }

  // Answers each request with its own body.
  static LaneResult echo(Batch batch);

  std::function<LaneResult(Batch batch)> on_run = echo;
  std::function<std::optional<Error>()> on_open = [] { return std::nullopt; };
  // Asked when a lane is opened and after each run.
  std::function<std::optional<std::string>()> failure = [] { return std::nullopt; };
  bool takes_batches = false;
  std::atomic<bool> alive = true;  // of every lane
  std::atomic<int> opened = 0;
  std::atomic<bool> stopped = false;
};

// A door that lanes wait at until the test opens it.
class Gate {
 public:
  void open();
  // Waits until it is open; gives up after ten seconds.
  void pass();
  // Waits until so many are waiting or have passed. False after ten seconds.
  bool reached_by(int count);

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ CLARY_GUARDED_BY(mutex_) = false;
  int reached_ CLARY_GUARDED_BY(mutex_) = 0;
};

}  // namespace clary::serving
