// PythonEngine: handlers in worker processes of one interpreter, forked from a process that has
// imported what they need. The frames between: docs/formats/worker-frames.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "serving/engine.h"
#include "serving/fork_server.h"

namespace clary::serving {

class PythonEngine final : public Engine {
 public:
  // clock outlives the engine.
  PythonEngine(PythonProgram program, const Clock& clock);
  ~PythonEngine() override;

  Result<std::unique_ptr<Lane>> open_lane(Duration deadline) override;
  void stop() override;
  // What its processes take of the machine's memory, shared pages divided; 0: not known.
  std::uint64_t memory_bytes() const override;

 private:
  Result<std::shared_ptr<ForkServer>> fork_server(Duration deadline);
  void forget(const std::shared_ptr<ForkServer>& server);

  const PythonProgram program_;
  const Clock& clock_;
  Mutex starting_;  // one fork server is started at a time; taken before mutex_
  mutable Mutex mutex_;
  std::shared_ptr<ForkServer> server_ CLARY_GUARDED_BY(mutex_);
  bool stopped_ CLARY_GUARDED_BY(mutex_) = false;
};

}  // namespace clary::serving
