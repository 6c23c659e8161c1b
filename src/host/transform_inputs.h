// The objects that a transform job reads.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/host_context.h"
#include "objects/object_store.h"

namespace clary::host {

struct TransformInput {
  objects::ObjectUri object;
  std::string path;  // below the prefix: its output is <S3OutputPath>/<path>.out
  std::string shown() const { return *object.bucket + "/" + object.key; }
};

// In the order of their keys, or of the manifest. A server that is away is waited for. NotFound:
// there are none; InvalidArgument: the manifest is none, or a key cannot be a path.
Result<std::vector<TransformInput>> transform_inputs(HostContext& context);

// Where the answers to an input go.
Result<objects::ObjectUri> transform_output_of(const hostlink::HostPlan& plan,
                                               const TransformInput& input);

// The input as a file of its own, which need not be absent; unpacked where the job says so. A
// server that is away is waited for.
Status fetch_transform_input(HostContext& context, const TransformInput& input,
                             const std::string& to);

}  // namespace clary::host
