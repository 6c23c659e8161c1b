// Whose fault it is that a plan cannot be made: InvalidArgument is the job's, anything else ours.
#pragma once

#include "base/result.h"

namespace clary::runtime {

// A fault of ours stays one, whatever its code says about files.
inline Error ours(const Error& error) {
  if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout) return error;
  return internal_error(error.message);
}

// A refusal by a policy is the job's fault; one by the machine is ours.
inline Error by_policy(const Error& error) {
  return error.code == ErrorCode::kDenied ? invalid_argument(error.message) : error;
}

}  // namespace clary::runtime
