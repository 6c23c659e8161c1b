// FakeEndpointSights: every variant is as a test says. One thread at a time.
#pragma once

#include "hosting/endpoint_sights.h"

namespace clary::hosting {

class FakeEndpointSights final : public EndpointSights {
 public:
  std::optional<VariantSight> sight(const EndpointName&, const std::string&) override {
    return seen;
  }

  std::optional<VariantSight> seen;
};

}  // namespace clary::hosting
