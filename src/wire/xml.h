// XML bodies to and from Documents, along a shape. Pure; any thread.
//
// Reading takes no DTD and expands no entity but the five; elements that the shape does not know
// become members of the Document under their own name, for the validator to name. Writing always
// gives well-formed XML 1.0: characters that XML cannot carry become U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"
#include "wire/shape.h"

namespace clary::wire {

std::string xml_escape(std::string_view text);
// <name>escaped text</name>, appended.
void append_xml_element(std::string& out, std::string_view name, std::string_view text);

// The members of a structure as elements, in the shape's order, appended. Members that travel in
// headers are left out.
void append_xml_members(std::string& out, const Shape& structure, const Document& value);

// The root element's children as members of `structure`. InvalidArgument: not well-formed, or the
// root element is not called `root`; "": it may be called anything.
Result<Document> read_xml(const Shape& structure, std::string_view text,
                          std::string_view root = "");

inline constexpr std::string_view kXmlDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

}  // namespace clary::wire
