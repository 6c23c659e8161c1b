// FakeEndpointChanges: counts how often it is woken. Thread-safe.
#pragma once

#include <atomic>

#include "hosting/endpoint_changes.h"

namespace clary::hosting {

class FakeEndpointChanges final : public EndpointChanges {
 public:
  int wakes() const { return wakes_; }
  void wake() override { ++wakes_; }

 private:
  std::atomic<int> wakes_ = 0;
};

}  // namespace clary::hosting
