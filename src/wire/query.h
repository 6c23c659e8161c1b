// The query protocol of STS, IAM and older CloudWatch clients: forms in, XML out. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "wire/shape.h"

namespace clary::wire {

using Form = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kMostFormFields = 10'000;

// application/x-www-form-urlencoded. InvalidArgument: a bad escape. LimitExceeded: too many fields.
Result<Form> read_form(std::string_view body);
// The same of a URL's query, without the fields that sign it (X-Amz-*).
Result<Form> read_query_form(std::string_view raw_query);
// The first value of that name, or "".
std::string_view form_value(const Form& form, std::string_view name);

// The operation's input. Fields that its shape does not know become members under their own name,
// for the validator to name.
Document read_query(const Operation& operation, const Form& form);
// <OpResponse><OpResult>...</OpResult><ResponseMetadata>...
std::string write_query(const Operation& operation, const Document& reply,
                        std::string_view request_id);

}  // namespace clary::wire
