// How Python writes values: str(), repr() and json.dumps(), for the arguments and variables that
// training toolkits make with them.
//
// Pure functions. Documents hold what json.loads() of a hyperparameter's text gives. Source:
// training_env_oracle.md, sections 2 and 3; Python's library reference (json, float.__repr__,
// str.upper).
#pragma once

#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"

namespace clary::host {

// json.loads(): RFC 8259 and the words NaN, Infinity, -Infinity. InvalidArgument where Python
// raises ValueError.
Result<Document> python_json_loads(std::string_view text);

// str(): texts as they are, null "None", true "True", floats as repr, lists and dicts as repr.
std::string python_str(const Document& value);
// repr(): texts in Python's quotes.
std::string python_repr(const Document& value);

// json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).
std::string python_json_dumps(const Document& value);

// str.upper(), for text in UTF-8.
std::string python_upper(std::string_view text);

}  // namespace clary::host
