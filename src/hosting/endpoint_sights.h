// EndpointSights: what of a variant is there at this moment, for whoever describes endpoints.
//
// Implementations: LiveEndpoints, FakeEndpointSights. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "base/names.h"

namespace clary::hosting {

struct VariantSight {
  int instances = 0;      // that take calls
  bool starting = false;  // another one is being started
};

class EndpointSights {
 public:
  virtual ~EndpointSights() = default;
  // Of the generation that serves. Nothing: it is not looked after yet. Does not block.
  virtual std::optional<VariantSight> sight(const EndpointName& endpoint,
                                            const std::string& variant) = 0;
};

}  // namespace clary::hosting
