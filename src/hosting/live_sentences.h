// Sentences of calls to endpoints that several files say. Private to LiveEndpoints.
#pragma once

#include <string>

#include "base/names.h"

namespace clary::hosting {

inline std::string quoted(const EndpointName& endpoint) {
  return "Endpoint '" + endpoint.value() + "'";
}

// Source: the sentence of InvokeEndpoint's ModelError.
inline std::string timeout_sentence(const std::string& container) {
  return "Your invocation timed out while waiting for a response from container " + container +
         ". Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, "
         "and try again.";
}

}  // namespace clary::hosting
