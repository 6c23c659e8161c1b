// Errors in each protocol's own form (contract 1.3). Pure; any thread.
#pragma once

#include <string>

#include "base/document.h"
#include "net/http.h"
#include "wire/shape.h"

namespace clary::wire {

struct ErrorText {
  std::string code;  // "ValidationException"
  std::string message;
  int status = 400;
  std::string resource;  // rest-xml: the path asked for
  std::string request_id;
  Document members = {};  // rest-json: what the error says besides, or null
};

// protocol: the one the request was made in, which may not be the service's first.
net::Reply write_error(const Service& service, Protocol protocol, const ErrorText& error);

// x-amzn-requestid; for rest-xml x-amz-request-id and x-amz-id-2.
void add_request_id(Protocol protocol, const std::string& request_id, net::Headers& headers);

// What every reply in CBOR says of itself.
void write_cbor_headers(net::Headers& headers);

}  // namespace clary::wire
