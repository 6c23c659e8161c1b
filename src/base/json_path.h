// JsonPath: which parts of a JSON value are meant, in the part of JSONPath that SageMaker's batch
// transform documents: $  .name  .*  ['a']  ['a','b']  [3]  [0,-1]  [1:-1]  [*]
//
// A value. Source: "Associate Prediction Results with Input Records", Amazon SageMaker Developer
// Guide. Descent (..), filters (?()) and steps in slices are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary {

class JsonPath {
 public:
  struct Step {
    enum class Kind {
      kName,     // the member of this name
      kNames,    // an object of these members, those that are there
      kIndex,    // one element; a negative one counts from the end
      kIndexes,  // an array of these elements
      kSlice,    // an array of those from `from` on, before `to`
      kAll,      // an array of every member's value or every element
    };
    Kind kind = Kind::kAll;
    std::vector<std::string> names = {};
    std::vector<std::int64_t> indexes = {};
    std::optional<std::int64_t> from = std::nullopt;
    std::optional<std::int64_t> to = std::nullopt;
  };

  // InvalidArgument with what is wrong, and where.
  static Result<JsonPath> parse(std::string_view text);
  JsonPath() = default;  // "$"

  bool is_whole() const { return steps_.empty(); }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

// Where an index or a slice falls in an array of `count` elements; nothing: outside.
std::optional<std::size_t> element_at(std::int64_t index, std::size_t count);
struct ElementRange {
  std::size_t begin = 0;
  std::size_t end = 0;  // not before begin
};
ElementRange elements_of(const JsonPath::Step& slice, std::size_t count);

}  // namespace clary
