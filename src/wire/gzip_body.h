// Bodies that a client packed (Content-Encoding: gzip), as botocore does with large PutMetricData.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::wire {

// InvalidArgument: no gzip (RFC 1952), or cut short. LimitExceeded: more than `limit` bytes.
Result<std::string> gunzip(std::string_view packed, std::size_t limit);

}  // namespace clary::wire
