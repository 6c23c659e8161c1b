// PayloadBatcher: records gathered into the bodies of requests: one each, or as many as fit. Pure;
// one thread. Source: AWS, CreateTransformJob, BatchStrategy and MaxPayloadInMB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace clary::host {

struct Payload {
  std::string body;
  std::vector<std::string> records;  // what it was made of, where that is wanted
};

struct BatchOptions {
  bool several = true;           // else one record each
  std::uint64_t most_bytes = 0;  // of a body
  bool keep_records = false;     // for a join
};

class PayloadBatcher {
 public:
  explicit PayloadBatcher(const BatchOptions& options) : options_(options) {}

  // body: what is sent of the record. Returns the payload that is full now, if one is.
  // LimitExceeded: no payload can hold it.
  Result<std::optional<Payload>> add(std::string body, std::string record);
  // What is left.
  std::optional<Payload> rest();

 private:
  const BatchOptions options_;
  std::optional<Payload> open_;
};

}  // namespace clary::host
