#include "host/json_pieces.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/json.h"
#include "base/strings.h"

namespace clary::host {
namespace {

constexpr std::string_view kInputMember = "SageMakerInput";
constexpr std::string_view kOutputMember = "SageMakerOutput";
constexpr std::string_view kBlanks = " \t\r\n";

using PathSteps = std::span<const JsonPath::Step>;
using StepKind = JsonPath::Step::Kind;

struct RawMember {
  std::string name;
  std::string_view value;
};

// Walks over JSON that is known to be well-formed.
class PieceScanner {
 public:
  explicit PieceScanner(std::string_view text) : text_(text) {}

  // The next value, as it is written.
  std::string_view value() {
    skip_blanks();
    const std::size_t begin = at_;
    if (peek() == '"') {
      skip_string();
    } else if (peek() == '{' || peek() == '[') {
      skip_nested();
    } else {
      at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
    }
    return text_.substr(begin, at_ - begin);
  }
  bool take(char c) {
    skip_blanks();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  char next() {
    skip_blanks();
    return peek();
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    at_ = std::min(at_ + 1, text_.size());
  }
  void skip_nested() {
    std::size_t depth = 0;
    do {
      const char c = peek();
      if (c == '"') {
        skip_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_object_text(std::string_view json) { return json.starts_with('{'); }
bool is_array_text(std::string_view json) { return json.starts_with('['); }

std::string decoded_name(std::string_view quoted) {
  if (quoted.find('\\') == std::string_view::npos && quoted.size() >= 2)
    return std::string(quoted.substr(1, quoted.size() - 2));
  const Result<Document> name = parse_json(quoted);
  const std::string* text = name.ok() ? name->as_string() : nullptr;
  return text == nullptr ? std::string() : *text;
}

std::vector<RawMember> members_of(std::string_view object) {
  std::vector<RawMember> members;
  PieceScanner scanner(object);
  scanner.take('{');
  while (scanner.next() == '"') {
    std::string name = decoded_name(scanner.value());
    scanner.take(':');
    members.push_back({.name = std::move(name), .value = scanner.value()});
    scanner.take(',');
  }
  return members;
}

std::vector<std::string_view> elements_in(std::string_view array) {
  std::vector<std::string_view> elements;
  PieceScanner scanner(array);
  scanner.take('[');
  while (scanner.next() != ']' && scanner.next() != '\0') {
    elements.push_back(scanner.value());
    scanner.take(',');
  }
  return elements;
}

// The last of equal names wins, as everywhere.
const RawMember* member_named(const std::vector<RawMember>& members, std::string_view name) {
  const auto found = std::find_if(members.rbegin(), members.rend(),
                                  [&](const RawMember& member) { return member.name == name; });
  return found == members.rend() ? nullptr : &*found;
}

void append_member(std::string& object, std::string_view name, std::string_view value) {
  object += object.empty() ? '{' : ',';
  append_json_string(object, name);
  object += ':';
  object += value;
}
std::string closed_object(std::string object) {
  return object.empty() ? "{}" : std::move(object) + "}";
}

Result<std::string> follow(PathSteps steps, std::string_view value);

Result<std::string> follow_name(PathSteps steps, std::string_view value) {
  const std::string& name = steps.front().names.front();
  if (!is_object_text(value)) return not_found("'" + name + "' is asked of what is no JSON object");
  const std::vector<RawMember> members = members_of(value);
  const RawMember* member = member_named(members, name);
  if (member == nullptr) return not_found("there is no '" + name + "'");
  return follow(steps.subspan(1), member->value);
}

Result<std::string> several_members(const JsonPath::Step& step, std::string_view value) {
  if (!is_object_text(value)) return not_found("names are asked of what is no JSON object");
  const std::vector<RawMember> members = members_of(value);
  std::string object;
  for (const std::string& name : step.names) {
    const RawMember* member = member_named(members, name);
    if (member != nullptr) append_member(object, name, member->value);
  }
  return closed_object(std::move(object));
}

std::vector<std::string_view> meant_by(const JsonPath::Step& step,
                                       std::vector<std::string_view> elements) {
  std::vector<std::string_view> meant;
  if (step.kind == StepKind::kSlice) {
    const ElementRange range = elements_of(step, elements.size());
    for (std::size_t i = range.begin; i < range.end; ++i) meant.push_back(elements[i]);
  } else if (step.kind == StepKind::kAll) {
    meant = std::move(elements);
  } else {
    for (const std::int64_t index : step.indexes) {
      if (const auto place = element_at(index, elements.size())) meant.push_back(elements[*place]);
    }
  }
  return meant;
}

// What leads nowhere from an element is left out.
Result<std::string> follow_each(PathSteps steps, std::string_view value) {
  std::vector<std::string_view> elements;
  if (is_array_text(value)) {
    elements = elements_in(value);
  } else if (is_object_text(value) && steps.front().kind == StepKind::kAll) {
    for (const RawMember& member : members_of(value)) elements.push_back(member.value);
  } else {
    return not_found("elements are asked of what is no JSON array");
  }
  if (steps.front().kind == StepKind::kIndex) {
    const auto place = element_at(steps.front().indexes.front(), elements.size());
    if (!place) {
      return not_found("there is no element " + std::to_string(steps.front().indexes.front()) +
                       " of " + std::to_string(elements.size()));
    }
    return follow(steps.subspan(1), elements[*place]);
  }
  std::string array = "[";
  for (const std::string_view element : meant_by(steps.front(), std::move(elements))) {
    const Result<std::string> part = follow(steps.subspan(1), element);
    if (!part.ok()) continue;
    if (array.size() > 1) array += ',';
    array += *part;
  }
  return array + "]";
}

Result<std::string> follow(PathSteps steps, std::string_view value) {
  if (steps.empty()) return std::string(value);
  switch (steps.front().kind) {
    case StepKind::kName:
      return follow_name(steps, value);
    case StepKind::kNames:
      return several_members(steps.front(), value);
    default:
      return follow_each(steps, value);
  }
}

// One JSON value, checked, without blanks around it.
Result<std::string_view> checked_json(std::string_view json) {
  json = trim(json);
  const Result<Document> parsed = parse_json(json);
  if (!parsed.ok()) return invalid_argument("not JSON: " + parsed.error().message);
  return json;
}

// A quote in a field is doubled, so every quote opens or closes.
std::vector<std::string_view> fields_of(std::string_view row) {
  std::vector<std::string_view> fields;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '"') quoted = !quoted;
    if (row[i] != ',' || quoted) continue;
    fields.push_back(row.substr(begin, i - begin));
    begin = i + 1;
  }
  fields.push_back(row.substr(begin));
  return fields;
}

}  // namespace

Result<std::string> select_json(const JsonPath& path, std::string_view json) {
  CLARY_TRY(const std::string_view value, checked_json(json));
  Result<std::string> found = follow(path.steps(), value);
  if (!found.ok()) return invalid_argument("the filter leads nowhere: " + found.error().message);
  return found;
}

Result<std::string> join_json(std::string_view record, std::string_view answer) {
  CLARY_TRY(const std::string_view input, checked_json(record));
  CLARY_TRY(const std::string_view output, checked_json(answer));
  std::string object;
  if (is_object_text(input)) {
    for (const RawMember& member : members_of(input)) {
      if (member.name != kOutputMember) append_member(object, member.name, member.value);
    }
  } else {
    append_member(object, kInputMember, input);
  }
  append_member(object, kOutputMember, output);
  return closed_object(std::move(object));
}

Result<std::vector<std::string>> json_elements(std::string_view json) {
  CLARY_TRY(const std::string_view value, checked_json(json));
  if (!is_array_text(value)) return invalid_argument("no JSON array");
  std::vector<std::string> elements;
  for (const std::string_view element : elements_in(value)) elements.emplace_back(element);
  return elements;
}

Result<std::string> select_csv(const JsonPath& path, std::string_view row) {
  if (path.is_whole()) return std::string(row);
  const JsonPath::Step& step = path.steps().front();
  if (path.steps().size() > 1 || step.kind == StepKind::kName || step.kind == StepKind::kNames)
    return invalid_argument("the filter leads nowhere: a CSV row has fields, and no members");
  std::vector<std::string_view> fields = fields_of(row);
  if (step.kind == StepKind::kIndex && !element_at(step.indexes.front(), fields.size())) {
    return invalid_argument("the filter leads nowhere: there is no field " +
                            std::to_string(step.indexes.front()) + " of " +
                            std::to_string(fields.size()));
  }
  std::string left;
  bool first = true;
  for (const std::string_view field : meant_by(step, std::move(fields))) {
    if (!std::exchange(first, false)) left += ',';
    left += field;
  }
  return left;
}

}  // namespace clary::host
