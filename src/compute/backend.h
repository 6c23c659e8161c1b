// ComputeBackend: where gangs run. A gang is all the hosts of one attempt of a job, or nothing.
//
// Implementations: LocalBackend, SlurmBackend, FakeBackend (tests). Thread-safe; calls may block on
// processes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "compute/resources.h"

namespace clary::compute {

// One host of a gang: a command to start beside the user's code, detached, so that it outlives the
// server.
struct GangHost {
  std::string name;                  // "algo-1"
  std::vector<std::string> command;  // argv of the host program
  Resources resources;  // what it asks for; more than a machine has is cut to the machine
};

struct GangSpec {
  GangId id;
  std::string folder;  // the gang's own, absolute; the backend keeps its files in <folder>/backend
  std::vector<GangHost> hosts;
  bool preemptible = false;
  int priority = 0;      // among waiting gangs: higher comes first
  TimePoint asked = {};  // when its job was asked for: of equal ones the earlier comes first
};

// Persisted by the caller, given back to recover: which back-end, which version of its bytes, the
// bytes.
struct GangHandle {
  std::string backend;
  int version = 1;
  std::string bytes;
};

enum class GangState {
  kQueued,
  kRunning,
  kEnded,
  kLost,     // it ran, and a host of it is gone without a word
  kRefused,  // it cannot be started here, however long it waits; the reason says what mends it
  kUnknown
};
struct GangStatus {
  GangState state = GangState::kUnknown;
  std::string reason;  // for people; of a queued gang, "" or what it does: "waits for 2 of 8 cores"
  // Of the first host that ended badly, else 0; 128 + n for one that signal n ended; nothing for a
  // gang that was stopped before it started.
  std::optional<int> exit_code;
};

struct Capabilities {
  std::string name;
  Resources total;
  bool preemption = false;
};

class ComputeBackend {
 public:
  virtual ~ComputeBackend() = default;
  // Idempotent by gang id: a second submit of the same gang returns the first one's handle.
  virtual Result<GangHandle> submit(const GangSpec& gang) = 0;
  // The handle of a gang that was submitted and not removed. NotFound.
  virtual Result<GangHandle> find(const GangId& gang) = 0;
  virtual Result<GangStatus> inspect(const GangHandle& handle) = 0;
  // Asks the hosts to end their jobs in order: SIGTERM to each host program, which gives the script
  // `grace`.
  virtual Status stop(const GangHandle& handle, Duration grace) = 0;
  // Ends what still runs at once and forgets the gang; absent is fine.
  virtual Status remove(const GangHandle& handle) = 0;
  virtual Result<std::vector<GangId>> list() = 0;
  virtual Capabilities capabilities() const = 0;
};

}  // namespace clary::compute
