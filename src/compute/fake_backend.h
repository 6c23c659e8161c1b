// FakeBackend: a ComputeBackend whose gangs live by a clock and do nothing. Thread-safe.
//
// The gangs stand in a FakeCluster, which outlives the backend as real hosts outlive the server: a
// test crashes the server by making a new FakeBackend on the same cluster.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "compute/backend.h"
#include "compute/placement.h"

namespace clary::compute {

// How a gang behaves once it has been submitted.
struct FakeGang {
  std::optional<Error> start_error;  // submit fails with it
  std::string refusal;               // why it cannot be started, once it has been submitted
  Duration wait_for{0};              // queued first
  Duration run_for = std::chrono::hours(1'000'000);
  int exit_code = 0;
  std::optional<Duration> lose_after;  // gone without a word this long after it began to run
  Duration stop_takes{0};              // from the request to the end
  int stop_exit_code = 0;              // of one that is stopped while it runs
};

class FakeCluster {
 public:
  explicit FakeCluster(const Clock& clock) : clock_(clock) {}

  // For gangs submitted from now on.
  void behave(FakeGang gang);
  // Gangs wait until the machine has room for them (placement.h). Without it each begins when its
  // own time has come.
  void limit(Resources machine);
  // How often a gang was really started; submits of a gang that is there do not count.
  int starts(const GangId& gang) const;
  int starts() const;  // of all gangs
  bool runs(const GangId& gang) const;
  bool knows(const GangId& gang) const;
  std::vector<GangId> began() const;    // what the machine had room for, in that order
  int stops(const GangId& gang) const;  // requests to stop it

 private:
  friend class FakeBackend;
  struct Entry {
    GangSpec spec;
    FakeGang behaviour;
    std::optional<TimePoint> begins;  // nothing: it waits for room
    PlacedGang placed;
    std::string waits_for;
    std::optional<TimePoint> stopped;
    bool there = true;
    int starts = 0;
    int stops = 0;
  };
  GangStatus status(const Entry& entry) const CLARY_REQUIRES(mutex_);
  // Lets those begin that there is room for.
  void advance() CLARY_REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  FakeGang behaviour_ CLARY_GUARDED_BY(mutex_);
  std::optional<Resources> machine_ CLARY_GUARDED_BY(mutex_);
  std::map<GangId, Entry> gangs_ CLARY_GUARDED_BY(mutex_);
  std::vector<GangId> began_ CLARY_GUARDED_BY(mutex_);
};

class FakeBackend final : public ComputeBackend {
 public:
  explicit FakeBackend(FakeCluster& cluster) : cluster_(cluster) {}

  Result<GangHandle> submit(const GangSpec& gang) override;
  Result<GangHandle> find(const GangId& gang) override;
  Result<GangStatus> inspect(const GangHandle& handle) override;
  Status stop(const GangHandle& handle, Duration grace) override;
  Status remove(const GangHandle& handle) override;
  Result<std::vector<GangId>> list() override;
  Capabilities capabilities() const override;

 private:
  FakeCluster& cluster_;
};

}  // namespace clary::compute
