// Scalars as the text that forms, query fields, headers and XML carry. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/document.h"
#include "wire/shape.h"

namespace clary::wire {

// The typed value of a text. A text that is no value of the kind stays text, for the validator to
// name. An empty text of a kind that cannot be empty becomes null: not sent.
Document read_scalar(const Shape& shape, std::string_view text);

// default_time: the format of instants where the shape says nothing.
std::string write_scalar(const Shape& shape, const Document& value, TimeFormat default_time);

}  // namespace clary::wire
