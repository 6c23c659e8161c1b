// The life of one job host: its steps in order, what an error of one means, and the report at the
// end.
#pragma once

#include "base/result.h"
#include "host/host_context.h"

namespace clary::host {

// Runs the steps that are left and sets the outcome: a host that was killed while its script ran
// reports it lost.
void run_lifecycle(HostContext& context);

// Reports the outcome and waits until the server has everything. Timeout when it does not come
// back.
Status report_outcome(HostContext& context);

}  // namespace clary::host
