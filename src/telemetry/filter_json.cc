// The patterns that look at a line as a JSON object.
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "telemetry/line_filter.h"

namespace clary::telemetry {
namespace {

constexpr int kDeepest = 32;  // brackets inside each other

using Step = std::variant<std::string, std::size_t>;  // a member, or an element

// A condition as a tree: a comparison, or several joined by one word.
struct Condition {
  std::vector<Step> path;
  FilterComparison comparison;
  std::vector<Condition> parts;  // not empty: these count, the comparison does not
  bool every = true;             // && of the parts, else ||

  bool holds(const Document& line, std::uint64_t& steps) const {
    if (parts.empty()) return comparison.holds_for_member(member_of(line), steps);
    for (const Condition& part : parts) {
      if (part.holds(line, steps) != every) return !every;
    }
    return every;
  }

 private:
  const Document* member_of(const Document& line) const {
    const Document* at = &line;
    for (const Step& step : path) {
      if (const auto* name = std::get_if<std::string>(&step)) {
        at = at->find(*name);
      } else {
        const Document::Array* array = at->as_array();
        const std::size_t index = std::get<std::size_t>(step);
        at = array != nullptr && index < array->size() ? &(*array)[index] : nullptr;
      }
      if (at == nullptr) return nullptr;
    }
    return at;
  }
};

class JsonTest final : public LineTest {
 public:
  explicit JsonTest(Condition condition) : condition_(std::move(condition)) {}

  bool matches(std::string_view line, std::uint64_t& steps) const override {
    if (!trim(line).starts_with('{')) return false;
    const Result<Document> document = parse_json(line);
    return document.ok() && condition_.holds(*document, steps);
  }

 private:
  Condition condition_;
};

// After the $: .name, ["name"], [0]
Result<std::vector<Step>> read_path(FilterReader& reader) {
  std::vector<Step> path;
  for (;;) {
    if (reader.take(".")) {
      CLARY_TRY(std::string name, reader.text(".[]=<>!&|)}"));
      path.emplace_back(std::move(name));
    } else if (reader.take("[")) {
      const bool quoted = reader.peek() == '"';
      CLARY_TRY(std::string word, reader.text("]"));
      const std::optional<std::int64_t> index = parse_int(word);
      if (!quoted && (!index || *index < 0))
        return invalid_argument("in brackets stands a number or a \"name\"");
      if (quoted) {
        path.emplace_back(std::move(word));
      } else {
        path.emplace_back(static_cast<std::size_t>(*index));
      }
      if (!reader.take("]")) return invalid_argument("a ] is missing");
    } else {
      if (path.empty()) return invalid_argument("after $ stands a member, such as $.loss");
      return path;
    }
  }
}

Result<Condition> read_either(FilterReader& reader, int depth);

Result<Condition> read_one(FilterReader& reader, int depth) {
  if (depth > kDeepest) return invalid_argument("too many brackets inside each other");
  if (reader.take("(")) {
    CLARY_TRY(Condition inner, read_either(reader, depth + 1));
    if (!reader.take(")")) return invalid_argument("a ) is missing");
    return inner;
  }
  if (!reader.take("$")) return invalid_argument("a condition begins with $ or (");
  Condition one;
  CLARY_TRY(one.path, read_path(reader));
  CLARY_TRY(one.comparison, reader.comparison("&|)}"));
  return one;
}

// Conditions joined by `sign`.
template <typename Read>
Result<Condition> read_joined(FilterReader& reader, std::string_view sign, Read read) {
  CLARY_TRY(Condition first, read());
  if (!reader.take(sign)) return first;
  Condition joined;
  joined.every = sign == "&&";
  joined.parts.push_back(std::move(first));
  do {
    CLARY_TRY(Condition next, read());
    joined.parts.push_back(std::move(next));
  } while (reader.take(sign));
  return joined;
}

// && binds closer than ||.
Result<Condition> read_either(FilterReader& reader, int depth) {
  return read_joined(reader, "||", [&] {
    return read_joined(reader, "&&", [&] { return read_one(reader, depth); });
  });
}

}  // namespace

Result<std::unique_ptr<LineTest>> make_json_test(FilterReader& reader) {
  CLARY_TRY(Condition condition, read_either(reader, 0));
  if (!reader.take("}")) return invalid_argument("a } is missing");
  return std::unique_ptr<LineTest>(std::make_unique<JsonTest>(std::move(condition)));
}

}  // namespace clary::telemetry
