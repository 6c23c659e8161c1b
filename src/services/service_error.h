// What a service answers instead of a reply: AWS's code, sentence and status. Outcome<T>: a reply
// or a ServiceError.
//
//   return ServiceError("ResourceInUse", "Training job names must be unique ...");
//   CLARY_TRY(domain::Job job, jobs_.find(kind, name));   // an Error becomes a ServiceError by
//   itself
//
// Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/document.h"
#include "base/error.h"
#include "net/http.h"
#include "wire/shape.h"

namespace clary::services {

struct ServiceError {
  // code: "" lets the front choose the service's usual code for `kind` (ValidationException,
  // InternalFailure, ...).
  std::string code;
  std::string message;
  int status = 0;  // 0: the usual status of the protocol and of `kind`: 400 unless it is Internal
                   // (500) or Unavailable (503)
  ErrorCode kind = ErrorCode::kInvalidArgument;
  net::Headers headers;  // sent besides the protocol's own, e.g. x-amz-bucket-region
  Document members;      // rest-json: an object that is sent besides the message, or null

  ServiceError(std::string error_code, std::string error_message, int http_status = 400)
      : code(std::move(error_code)), message(std::move(error_message)), status(http_status) {}
  ServiceError(const Error& error)
      : message(error.message), kind(error.code) {}  // NOLINT: implicit
};

template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit
  Outcome(ServiceError error)
      : state_(std::in_place_index<1>, std::move(error)) {}               // NOLINT: implicit
  Outcome(const Error& error) : state_(std::in_place_index<1>, error) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  // Precondition of value(), * and ->: ok(). Of error(): !ok().
  T& value() & { return checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  T* operator->() { return &checked(); }
  const ServiceError& error() const {
    CLARY_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  T& checked() {
    CLARY_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  std::variant<T, ServiceError> state_;
};

// The code and the status on the wire: `error`'s own, else what this service says for its kind.
struct WireError {
  std::string code;
  int status = 400;
};
WireError wire_error(const ServiceError& error, const wire::Service& service);

}  // namespace clary::services
