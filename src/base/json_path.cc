#include "base/json_path.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace clary {
namespace {

using PathStep = JsonPath::Step;

bool in_json_name(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

class PathReader {
 public:
  explicit PathReader(std::string_view text) : text_(text) {}

  Result<std::vector<PathStep>> read() {
    if (!take('$')) return wrong("it must begin with $");
    std::vector<PathStep> steps;
    while (at_ < text_.size()) {
      if (!steps.empty() && steps.back().kind == PathStep::Kind::kNames)
        return wrong("nothing may follow several names");
      const bool dot = take('.');
      if (dot && peek() == '.') return wrong("'..' is not supported");
      if (take('[')) {  // AWS's own examples have a dot before it as well
        CLARY_TRY(PathStep step, bracket());
        steps.push_back(std::move(step));
      } else if (!dot) {
        return wrong("'.' or '[' is wanted");
      } else if (take('*')) {
        steps.push_back({.kind = PathStep::Kind::kAll});
      } else {
        CLARY_TRY(std::string name, plain_name());
        steps.push_back({.kind = PathStep::Kind::kName, .names = {std::move(name)}});
      }
    }
    return steps;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ') ++at_;
  }
  Error wrong(std::string_view what) const {
    return invalid_argument("JSONPath '" + std::string(text_) + "': " + std::string(what) +
                            ", at character " + std::to_string(at_ + 1));
  }

  Result<std::string> plain_name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && in_json_name(text_[at_])) ++at_;
    if (begin == at_) return wrong("a name is wanted");
    if (peek() == '(') return wrong("functions are not supported");
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Behind the '['.
  Result<PathStep> bracket() {
    skip_blanks();
    PathStep step;
    if (take('*')) {
      step.kind = PathStep::Kind::kAll;
    } else if (peek() == '\'' || peek() == '"') {
      CLARY_RETURN_IF_ERROR(quoted_names(step));
    } else if (peek() == '?' || peek() == '(') {
      return wrong("filters and scripts are not supported");
    } else {
      CLARY_RETURN_IF_ERROR(numbers(step));
    }
    skip_blanks();
    if (peek() == ':') return wrong("steps in slices are not supported");
    if (!take(']')) return wrong("']' is wanted");
    return step;
  }

  Status quoted_names(PathStep& step) {
    do {
      skip_blanks();
      const char quote = peek();
      if (quote != '\'' && quote != '"') return wrong("a name in quotes is wanted");
      ++at_;
      std::string name;
      while (at_ < text_.size() && text_[at_] != quote) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        name += text_[at_++];
      }
      if (!take(quote)) return wrong("a name's quote is not closed");
      step.names.push_back(std::move(name));
      skip_blanks();
    } while (take(','));
    step.kind = step.names.size() == 1 ? PathStep::Kind::kName : PathStep::Kind::kNames;
    return {};
  }

  // Nothing: no digit stands here.
  Result<std::optional<std::int64_t>> number() {
    skip_blanks();
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    skip_blanks();
    if (digits.empty()) return std::optional<std::int64_t>();
    const std::optional<std::int64_t> value = parse_int(digits);
    if (!value) return wrong("'" + std::string(digits) + "' is no index");
    return value;
  }

  Status numbers(PathStep& step) {
    CLARY_TRY(const std::optional<std::int64_t> first, number());
    if (take(':')) {
      step.kind = PathStep::Kind::kSlice;
      step.from = first;
      CLARY_TRY(step.to, number());
      return {};
    }
    if (!first) return wrong("an index, a slice or a name in quotes is wanted");
    step.indexes.push_back(*first);
    while (take(',')) {
      CLARY_TRY(const std::optional<std::int64_t> next, number());
      if (!next) return wrong("an index is wanted");
      step.indexes.push_back(*next);
    }
    step.kind = step.indexes.size() == 1 ? PathStep::Kind::kIndex : PathStep::Kind::kIndexes;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
  JsonPath path;
  CLARY_TRY(path.steps_, PathReader(text).read());
  return path;
}

std::optional<std::size_t> element_at(std::int64_t index, std::size_t count) {
  const auto size = static_cast<std::int64_t>(count);
  if (index >= size || index < -size) return std::nullopt;
  return static_cast<std::size_t>(index < 0 ? index + size : index);
}

ElementRange elements_of(const JsonPath::Step& slice, std::size_t count) {
  const auto size = static_cast<std::int64_t>(count);
  const auto place = [size](std::int64_t index) {
    if (index < 0) index = index < -size ? 0 : index + size;
    return static_cast<std::size_t>(std::min(index, size));
  };
  const std::size_t begin = place(slice.from.value_or(0));
  return {.begin = begin, .end = std::max(begin, place(slice.to.value_or(size)))};
}

}  // namespace clary
