// PythonEngine: handlers in worker processes of one interpreter, forked from a process that has
// imported what they need. The frames between: docs/formats/worker-frames.md.
#pragma once

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

 private:
  Result<std::shared_ptr<ForkServer>> fork_server(Duration deadline);
  void forget(const std::shared_ptr<ForkServer>& server);

  const PythonProgram program_;
  const Clock& clock_;
  Mutex starting_;  // one fork server is started at a time; taken before mutex_
  Mutex mutex_;
  std::shared_ptr<ForkServer> server_ CLARY_GUARDED_BY(mutex_);
  bool stopped_ CLARY_GUARDED_BY(mutex_) = false;
};

}  // namespace clary::serving
