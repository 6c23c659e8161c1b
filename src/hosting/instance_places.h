// InstancePlaces: where the container that a serving job runs is reached. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "domain/job.h"

namespace clary::hosting {

struct InstancePlace {
  std::string address;               // "unix:/path"
  std::shared_ptr<const void> held;  // the address is good while this lives; may be null
};

class InstancePlaces {
 public:
  virtual ~InstancePlaces() = default;
  // NotFound: its server does not listen yet.
  virtual Result<InstancePlace> find(const domain::Job& job) = 0;
};

}  // namespace clary::hosting
