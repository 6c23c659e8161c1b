// Which service and operation a request is for (contract 1.2). Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "net/http.h"
#include "services/service_error.h"
#include "wire/query.h"
#include "wire/shape.h"
#include "wire/sigv4_verify.h"

namespace clary::services {

struct RequestRoute {
  const wire::Service* service = nullptr;           // never null
  const wire::Operation* operation = nullptr;       // null while it is still in the body (query)
  wire::Protocol protocol = wire::Protocol::kJson;  // of this request
};

// From the head and what it claims: the path of rpc-v2-cbor, X-Amz-Target, else the signature's
// scope, with the path where it is a REST service's, else S3. The error is answered in the form of
// `service`.
struct RouteFailure {
  const wire::Service* service = nullptr;
  wire::Protocol protocol = wire::Protocol::kJson;
  ServiceError error;
};
std::variant<RequestRoute, RouteFailure> find_route(const net::RequestHead& head,
                                                    const wire::ReadAuthentication& claims);

// The operation that a form asks for.
Outcome<const wire::Operation*> find_form_operation(const wire::Service& service,
                                                    const wire::Form& form);

// "Clary does not carry out X yet.": a code and status that no client retries.
ServiceError not_carried_out(const wire::Operation& operation);

}  // namespace clary::services
