// How a transform asks its model: what the job says, else what its container says, else AWS's
// defaults. Pure. Source: AWS, CreateTransformJob; "Use your own inference code with batch
// transform", execution-parameters; contract.md 2.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hostlink/plan.h"

namespace clary::host {

// GET /execution-parameters of a container that has it.
struct ExecutionParameters {
  std::optional<int> max_concurrent;
  std::optional<int> max_payload_mb;
  std::optional<bool> several_records;
};
// Whatever the answer does not say, or says in vain, is not set.
ExecutionParameters execution_parameters(int status, std::string_view body);

struct TransformSettings {
  int max_concurrent = 1;  // of all the job's instances together
  int max_payload_mb = 6;  // 0: not limited
  bool several_records = true;

  // Of one request. Without a limit there is that of one body in memory.
  std::uint64_t payload_bytes() const;
  // "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD", AWS's line.
  std::string text() const;
};
TransformSettings settled(const hostlink::PlanTransform& transform,
                          const ExecutionParameters& container);

}  // namespace clary::host
