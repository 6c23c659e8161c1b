// Looks at everything a DirectoryStore's folder holds: are the bodies there, and are they what they
// were. Reads with connections of its own; a server may be writing meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace clary::objects {

struct StoreReport {
  std::uint64_t objects = 0;  // current ones
  std::uint64_t versions = 0;
  std::uint64_t parts = 0;  // of unfinished uploads
  std::uint64_t bytes = 0;  // of all of them
  // Body files that no row names; 0 where a server has the store open, which may be writing them.
  std::uint64_t strays = 0;
  // A sentence each: "s3://bucket/key: its bytes have the checksum 0011...; 2233... was stored".
  std::vector<std::string> damage;
};

// root: DirectoryStore's. progress: told the objects, versions and parts so far, now and then.
// NotFound: no store there. What is removed while it is looked at is no damage.
// Cost: reads every body.
Result<StoreReport> check_store(const std::string& root,
                                const std::function<void(std::uint64_t seen)>& progress = {});

}  // namespace clary::objects
