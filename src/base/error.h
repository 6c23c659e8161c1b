// The reason an operation did not succeed.
//
// A code says what the caller does next; the message names the object, what was wanted and what
// happened: `bucket 'x': put 'y': No space left on device`. Values only; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace clary {

enum class ErrorCode {
  kInvalidArgument,  // the request is wrong: change it
  kNotFound,         // the object is not there
  kAlreadyExists,    // the object is there already
  kConflict,         // somebody else changed it meanwhile: read again, then retry
  kLimitExceeded,    // too much, too many, too long: ask for less
  kDenied,           // not allowed
  kUnsupported,      // well-formed, but not carried out here
  kUnavailable,      // not now: retry later
  kTimeout,          // a deadline passed
  kCancelled,        // the caller gave up, or shutdown began
  kInternal,         // a fault of ours or of the machine
};

// "InvalidArgument", "NotFound", ...
std::string_view error_code_name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error, with `context: ` before its message.
  Error within(std::string_view context) const;
};

inline Error invalid_argument(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}
inline Error not_found(std::string message) { return {ErrorCode::kNotFound, std::move(message)}; }
inline Error already_exists(std::string message) {
  return {ErrorCode::kAlreadyExists, std::move(message)};
}
inline Error conflict(std::string message) { return {ErrorCode::kConflict, std::move(message)}; }
inline Error limit_exceeded(std::string message) {
  return {ErrorCode::kLimitExceeded, std::move(message)};
}
inline Error denied(std::string message) { return {ErrorCode::kDenied, std::move(message)}; }
inline Error unsupported(std::string message) {
  return {ErrorCode::kUnsupported, std::move(message)};
}
inline Error unavailable(std::string message) {
  return {ErrorCode::kUnavailable, std::move(message)};
}
inline Error timed_out(std::string message) { return {ErrorCode::kTimeout, std::move(message)}; }
inline Error cancelled(std::string message) { return {ErrorCode::kCancelled, std::move(message)}; }
inline Error internal_error(std::string message) {
  return {ErrorCode::kInternal, std::move(message)};
}

// `what: strerror(error_number)`. ENOENT → NotFound, EEXIST → AlreadyExists, EACCES/EPERM → Denied,
// ENOSPC/EDQUOT/EFBIG/EMFILE → LimitExceeded, anything else → Internal.
Error system_error(std::string_view what, int error_number);
// The same, of the calling thread's errno.
Error system_error(std::string_view what);

}  // namespace clary
