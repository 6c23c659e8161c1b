// Parts of a JSON value or a CSV row as they are written there: numbers keep their digits, texts
// their escapes, fields their quotes. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_path.h"
#include "base/result.h"

namespace clary::host {

// json: one value. What the path leads to: of a path that may lead to several, an array of them.
// InvalidArgument: it is no JSON, or the path leads nowhere.
Result<std::string> select_json(const JsonPath& path, std::string_view json);
// The record, an object, with the answer as its member SageMakerOutput; of any other record an
// object of SageMakerInput and SageMakerOutput. InvalidArgument: one of them is no JSON.
Result<std::string> join_json(std::string_view record, std::string_view answer);
// The elements of an array. InvalidArgument: it is none.
Result<std::vector<std::string>> json_elements(std::string_view json);

// row: without its line's end; to JSONPath it is an array of its fields. The fields that are left,
// as a row. InvalidArgument: the path leads nowhere.
Result<std::string> select_csv(const JsonPath& path, std::string_view row);

}  // namespace clary::host
