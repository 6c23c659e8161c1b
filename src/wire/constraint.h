// The constraints of one shape and the sentences AWS prints for them. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/document.h"
#include "wire/pattern.h"
#include "wire/shape.h"

namespace clary::wire {

// Constraints that the value itself breaks; its members and elements are not looked at.
// Precondition: the value is of the shape's kind.
std::vector<std::string> broken_constraints(const Shape& shape, const Document& value,
                                            Patterns& patterns);
// Every constraint of the shape: "[Member must have length less than or equal to 32, ...]".
std::string constraint_list(const Shape& shape);
// The value as AWS prints it in a message: text raw, lists [a, b], maps {k=v}; long ones cut at
// 1,024 bytes.
std::string value_text(const Document& value);

}  // namespace clary::wire
