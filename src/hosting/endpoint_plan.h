// What an endpoint needs next: a pure function of its record, of what is seen of its instances and
// of the time. No I/O, no clock, no thread.
//
// A plan either changes the record, and then does nothing else, or starts and stops instances of
// the record as it stands; so what is done is always what has been written down before. Calls stay
// with the old generation until every instance of the new one is ready.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/endpoint.h"

namespace clary::hosting {

struct InstanceId {
  std::uint64_t generation = 0;
  std::string variant;
  int number = 0;
  friend auto operator<=>(const InstanceId&, const InstanceId&) = default;
};

// kStarting → kReady ⇄ kUnready; any of these → kBroken; any → kStopping → kEnded.
enum class InstanceState {
  kStarting,  // has not passed its health check yet
  kReady,
  kUnready,   // has passed it, and does not pass it now
  kBroken,    // its model cannot be loaded, or a part of it has ended
  kStopping,  // was asked to end
  kEnded,
};

struct InstanceView {
  InstanceId id;
  InstanceState state = InstanceState::kStarting;
  bool whole = true;           // false: some of its containers were not begun
  bool asked = false;          // of kStopping and kEnded: it was not wanted, and had no fault
  bool machine_fault = false;  // of kBroken and kEnded: the machine's, not the model's
  TimePoint begun;
  TimePoint since;        // in this state; of kStarting: that it is looked at
  std::string container;  // that is not ready, or has the fault: "primary"
  std::string reason;     // what it says of that
};

struct InstanceStop {
  InstanceId id;
  bool at_once = false;  // false: when no call is under way to it
};

struct EndpointPlan {
  std::optional<domain::Endpoint> record;  // to be committed; then start and stop are empty
  bool remove = false;                     // nothing is left of it
  std::vector<InstanceId> start;           // new, or those that are not whole
  std::vector<InstanceStop> stop;          // takes no calls any more, before it is stopped
  std::vector<InstanceId> calls;           // what takes calls
};

// What a serverless variant of the generation that serves needs for its calls.
enum class VariantNeed {
  kNothing,      // it has not been called for a long time
  kWhatIsThere,  // its instance, where it has one
  kInstance,     // there are calls
};
struct VariantDemand {
  std::string variant;
  VariantNeed need = VariantNeed::kNothing;
};

// instances: every one that lives, and of those that ended the newest of each generation and
// variant, so that no number is given twice. demands: of serverless variants; those that are not
// named need nothing.
EndpointPlan plan(const domain::Endpoint& endpoint, std::span<const InstanceView> instances,
                  TimePoint now, std::span<const VariantDemand> demands = {});

// Whether it lives and nobody has asked it to end, for want of a fault.
bool is_live(InstanceState state);

// How long a variant waits before it replaces what has died. early_deaths: in a row, of instances
// that did not live a minute. From 1 s, doubling with the second, to 60 s.
Duration replacement_pause(int early_deaths);

}  // namespace clary::hosting
