// What rest-xml and rest-json share: members in the query and in header fields. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/document.h"
#include "net/http.h"
#include "wire/shape.h"

namespace clary::wire {

using QueryFields = std::vector<std::pair<std::string, std::string>>;
QueryFields decoded_query(std::string_view raw_query);

// The member's value; null when the request does not have it.
Document read_query_field(const Member& member, const QueryFields& fields);
// Of one field, or of all that begin with the member's name (x-amz-meta-*).
Document read_header_field(const Member& member, const net::Headers& headers);

// The reply's members that stand in header fields. Content-Length among them becomes
// announced_length and is not sent as a field.
void write_header_fields(const Shape& output, const Document& reply, net::Reply& to);

// The member that is the whole body; nullptr when the body has all that stand nowhere else.
const Member* payload_of(const Shape& shape);

}  // namespace clary::wire
