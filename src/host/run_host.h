// `clary host --plan FILE`: the program beside the user's code on one job host.
//
// Reads the plan, runs the lifecycle (lifecycle.h), reports the end to the server. May be started
// any number of times on the same plan: one runs, the script runs at most once, the outcome is
// reported. SIGTERM stops the job in order.
#pragma once

#include <string>

#include "base/logger.h"
#include "host/host_services.h"

namespace clary::host {

inline constexpr int kHostReported = 0;     // the server has everything
inline constexpr int kHostUnreported = 1;   // it has not: start again on the same plan
inline constexpr int kHostBadPlan = 2;      // the plan cannot be read: nothing was done
inline constexpr int kHostRunsAlready = 3;  // another host program has this plan's lock

// services outlive the call. Returns one of the codes above, for exit().
int run_host(const std::string& plan_path, const HostServices& services);

}  // namespace clary::host
