// Patience with a server that is away: what may pass is tried again, for up to an hour.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "host/host_context.h"

namespace clary::host {

// Whether the error is of the kind that passes by itself.
bool may_pass(const Error& error);
// Runs `attempt` until it succeeds, fails for good, or patience ends. what: for the host's own log.
Status with_patience(HostContext& context, std::string_view what,
                     const std::function<Status()>& attempt);

}  // namespace clary::host
