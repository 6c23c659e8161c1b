// The rest-xml protocol of S3: head, query, headers and XML to a Document, and back. Pure; any
// thread.
#pragma once

#include <string_view>

#include "base/document.h"
#include "base/result.h"
#include "net/http.h"
#include "wire/shape.h"

namespace clary::wire {

// The operation whose method, path, query fields and headers fit best; nullptr when none does.
const Operation* find_rest_operation(const Service& service, const net::RequestHead& head);

// The operation's input. body: the XML; "" for operations without one and for streamed bodies.
// InvalidArgument: the body is not well-formed, or the path's escapes are bad.
Result<Document> read_rest_request(const Operation& operation, const net::RequestHead& head,
                                   std::string_view body);

// Whether the operation's input has a member that is read from an XML body.
bool has_xml_body(const Operation& operation);

// Status, headers and body of the reply. status 0: the operation's own. Content-Length among the
// members becomes announced_length and is not sent as a field.
net::Reply write_rest_reply(const Operation& operation, const Document& reply, int status);

}  // namespace clary::wire
