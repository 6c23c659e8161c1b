// The rest-json protocol: a path's labels, the query, header fields and a JSON body to a Document,
// and back. A body that is bytes is not part of the Document. Pure; any thread.
#pragma once

#include <string_view>

#include "base/document.h"
#include "base/result.h"
#include "net/http.h"
#include "wire/shape.h"

namespace clary::wire {

// The operation whose method and path ("/endpoints/{EndpointName}/invocations") are the request's;
// nullptr when none's are.
const Operation* find_rest_json_operation(const Service& service, const net::RequestHead& head);

// The operation's input. body: the JSON; not looked at where the body is bytes.
// InvalidArgument: the body is no JSON object, or the path's escapes are bad.
Result<Document> read_rest_json_request(const Operation& operation, const net::RequestHead& head,
                                        std::string_view body);

// Status, header fields and JSON of the reply; no body where it is bytes. status 0: the
// operation's own.
net::Reply write_rest_json_reply(const Operation& operation, const Document& reply, int status);

}  // namespace clary::wire
