// EndpointChanges: what the operations on endpoints tell whoever keeps the instances.
//
// Implementations: EndpointKeeper, FakeEndpointChanges. Thread-safe.
#pragma once

namespace clary::hosting {

class EndpointChanges {
 public:
  virtual ~EndpointChanges() = default;
  // An endpoint was committed: it is looked at soon. Does not block.
  virtual void wake() = 0;
};

}  // namespace clary::hosting
