// Which of the waiting gangs start now: a pure function of a snapshot of one machine.
//
// The waiting stand in their order: by priority, then first come, first served; on-demand gangs
// before preemptible ones. A gang starts whole or not at all, and none overtakes one that waits in
// its class: a big gang is never starved by small ones. A gang larger than the machine gets the
// machine to itself. One that asks for nothing, not even a core, waits for nobody and takes nothing
// away.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "compute/resources.h"

namespace clary::compute {

struct PlacedGang {
  Resources total;             // of all its hosts, cut to the machine
  std::vector<int> gpus = {};  // indices of the machine's
  std::vector<int> cpus = {};  // the cores it is kept to; empty: any
};

struct WaitingGang {
  std::vector<Resources> hosts;
  bool preemptible = false;
};

WaitingGang what_waits(const GangSpec& gang);
// The order of those that wait, whatever their class.
bool comes_before(const GangSpec& a, const GangSpec& b);

struct PlacementSnapshot {
  Resources machine;
  std::vector<PlacedGang> running;
  std::vector<WaitingGang> waiting;  // in their order
  std::vector<int> cpus = {};  // the machine's cores by number; empty: gangs are not kept to some
};

struct PlacementDecision {
  bool starts = false;
  PlacedGang placed;   // when it starts
  std::string reason;  // when it waits: "waits for 2 of 8 cores"
};

// One decision for each waiting gang, in the same order. Cost: O((waiting + running) × (GPUs +
// cores)).
std::vector<PlacementDecision> place(const PlacementSnapshot& snapshot);

}  // namespace clary::compute
