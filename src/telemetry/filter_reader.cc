#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

#include "base/json.h"
#include "base/strings.h"
#include "base/wildcard.h"
#include "telemetry/line_filter.h"

namespace clary::telemetry {

namespace {

// Of one regex or wildcard on one line, beside 4 for each of its bytes: a line that takes more does
// not match.
constexpr std::uint64_t kMostSteps = 200'000;
constexpr std::uint64_t most_steps(std::string_view line) { return kMostSteps + 4 * line.size(); }
// Trying an item costs about as much as comparing so many bytes.
constexpr std::uint64_t kBytesPerStep = 16;

// Steps of a match, counted where PCRE2 tries an item of the pattern: its own limit of steps holds
// for each place where a match may begin, and knows nothing of how far an item ran.
struct StepCount {
  std::uint64_t each = 1;  // of one item that is tried
  std::uint64_t most = 0;
  std::uint64_t taken = 0;
  std::size_t at = 0;  // where the last item was tried
};

int count_step(pcre2_callout_block* item, void* data) {
  auto& count = *static_cast<StepCount*>(data);
  const std::size_t at = item->current_position;
  count.taken += count.each + (at > count.at ? at - count.at : count.at - at);
  count.at = at;
  return count.taken > count.most ? PCRE2_ERROR_MATCHLIMIT : 0;
}

// The largest n of x{n}: so many bytes such an item may pass and fail then, unseen.
std::uint64_t largest_count(std::string_view pattern) {
  std::uint64_t largest = 0;
  for (std::size_t at = pattern.find('{'); at != pattern.npos; at = pattern.find('{', at)) {
    const std::size_t end = pattern.find_first_not_of("0123456789", ++at);
    const auto count = parse_int(pattern.substr(at, end - at)).value_or(0);
    largest = std::max(largest, static_cast<std::uint64_t>(count));
  }
  return largest;
}

}  // namespace

class PatternText {
 public:
  PatternText(pcre2_code* code, std::string_view pattern)
      : code_(code), item_steps_(1 + largest_count(pattern) / kBytesPerStep) {}
  PatternText(const PatternText&) = delete;
  PatternText& operator=(const PatternText&) = delete;
  ~PatternText() { pcre2_code_free(code_); }

  bool matches(std::string_view text, std::uint64_t& steps) const {
    StepCount count{.each = item_steps_, .most = most_steps(text)};
    pcre2_match_context* context = pcre2_match_context_create(nullptr);
    pcre2_set_callout(context, count_step, &count);
    pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
    const int found = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                  0, data, context);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    steps += count.taken;
    return found >= 0;
  }

 private:
  pcre2_code* code_;
  std::uint64_t item_steps_;
};

bool pattern_matches(const PatternText& pattern, std::string_view text, std::uint64_t& steps) {
  return pattern.matches(text, steps);
}

namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

bool compare(FilterOperator operation, double left, double right) {
  switch (operation) {
    case FilterOperator::kLess:
      return left < right;
    case FilterOperator::kLessOrEqual:
      return left <= right;
    case FilterOperator::kGreater:
      return left > right;
    case FilterOperator::kGreaterOrEqual:
      return left >= right;
    default:
      return left == right;
  }
}

bool wildcard_holds(std::string_view pattern, std::string_view word, std::uint64_t& steps) {
  const std::uint64_t most = most_steps(word) * kBytesPerStep;
  std::uint64_t left = most;
  const bool holds = wildcard_match(pattern, word, Wildcards::kRun, left);
  steps += 1 + (most - left) / kBytesPerStep;
  return holds;
}

bool is_order(FilterOperator operation) {
  return operation >= FilterOperator::kLess && operation <= FilterOperator::kGreaterOrEqual;
}

}  // namespace

bool FilterComparison::holds_for_word(std::string_view word, std::uint64_t& steps) const {
  if (operation == FilterOperator::kExists) return true;
  const std::optional<double> value = parse_double(word);
  if (is_order(operation)) return value && number && compare(operation, *value, *number);
  const bool same = regex != nullptr ? regex->matches(word, steps)
                                     : wildcard_holds(text, word, steps) ||
                                           (value && number && *value == *number);
  return same == (operation == FilterOperator::kEqual);
}

bool FilterComparison::holds_for_member(const Document* member, std::uint64_t& steps) const {
  switch (operation) {
    case FilterOperator::kExists:
      return member != nullptr;
    case FilterOperator::kNotExists:
      return member == nullptr;
    case FilterOperator::kIsNull:
      return member != nullptr && member->is_null();
    case FilterOperator::kIsTrue:
    case FilterOperator::kIsFalse:
      return member != nullptr && member->as_bool() != nullptr &&
             *member->as_bool() == (operation == FilterOperator::kIsTrue);
    default:
      break;
  }
  if (member == nullptr || member->is_null() || member->is_object() || member->is_array())
    return false;
  const std::string* word = member->as_string();
  if (is_order(operation) && word != nullptr) return false;
  return holds_for_word(word != nullptr ? *word : to_json(*member), steps);
}

void FilterReader::skip_spaces() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

bool FilterReader::at_end() {
  skip_spaces();
  return at_ == text_.size();
}

char FilterReader::peek() {
  skip_spaces();
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool FilterReader::take(std::string_view word) {
  skip_spaces();
  if (!text_.substr(at_).starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool FilterReader::take_word(std::string_view word) {
  skip_spaces();
  const std::string_view rest = text_.substr(at_);
  if (!equals_ignoring_case(rest.substr(0, word.size()), word)) return false;
  if (rest.size() > word.size() && std::isalnum(static_cast<unsigned char>(rest[word.size()])) != 0)
    return false;
  at_ += word.size();
  return true;
}

Result<std::string> FilterReader::text(std::string_view ends) {
  skip_spaces();
  std::string out;
  if (take("\"")) {
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const bool escaped = text_[at_] == '\\' && at_ + 1 < text_.size();
      out += text_[escaped ? ++at_ : at_];
    }
    if (at_ == text_.size()) return invalid_argument("a quotation mark is not closed");
    ++at_;
    return out;
  }
  while (at_ < text_.size() && !is_space(text_[at_]) &&
         ends.find(text_[at_]) == std::string_view::npos)
    out += text_[at_++];
  if (out.empty())
    return invalid_argument("a term is missing at character " + std::to_string(at_ + 1));
  return out;
}

Result<std::shared_ptr<const PatternText>> FilterReader::regex() {
  const std::size_t end = text_.find('%', at_);
  if (end == std::string_view::npos) return invalid_argument("a % is not closed");
  const std::string_view pattern = text_.substr(at_, end - at_);
  at_ = end + 1;
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT, &error,
      &offset, nullptr);
  if (code == nullptr)
    return invalid_argument("regex '" + std::string(pattern) + "' does not compile");
  return std::make_shared<const PatternText>(code, pattern);
}

Result<FilterComparison> FilterReader::comparison(std::string_view ends) {
  FilterComparison out;
  if (take_word("IS")) {
    constexpr std::array kinds = {std::pair{std::string_view("TRUE"), FilterOperator::kIsTrue},
                                  std::pair{std::string_view("FALSE"), FilterOperator::kIsFalse},
                                  std::pair{std::string_view("NULL"), FilterOperator::kIsNull}};
    for (const auto& [word, operation] : kinds) {
      if (!take_word(word)) continue;
      out.operation = operation;
      return out;
    }
    return invalid_argument("after IS stands TRUE, FALSE or NULL");
  }
  if (take_word("NOT")) {
    if (!take_word("EXISTS")) return invalid_argument("after NOT stands EXISTS");
    out.operation = FilterOperator::kNotExists;
    return out;
  }
  if (take_word("EXISTS")) return out;
  // The longer ones first.
  constexpr std::array signs = {std::pair{std::string_view("!="), FilterOperator::kNotEqual},
                                std::pair{std::string_view("<="), FilterOperator::kLessOrEqual},
                                std::pair{std::string_view(">="), FilterOperator::kGreaterOrEqual},
                                std::pair{std::string_view("<"), FilterOperator::kLess},
                                std::pair{std::string_view(">"), FilterOperator::kGreater},
                                std::pair{std::string_view("=="), FilterOperator::kEqual},
                                std::pair{std::string_view("="), FilterOperator::kEqual}};
  bool found = false;
  for (const auto& [sign, operation] : signs) {
    if (found || !take(sign)) continue;
    out.operation = operation;
    found = true;
  }
  if (!found)
    return invalid_argument("a comparison is missing at character " + std::to_string(at_ + 1));
  if (take("%")) {
    if (is_order(out.operation)) return invalid_argument("a regex is compared with = or !=");
    CLARY_TRY(out.regex, regex());
    return out;
  }
  CLARY_TRY(out.text, text(ends));
  out.number = parse_double(out.text);
  if (is_order(out.operation) && !out.number)
    return invalid_argument("'" + out.text + "' is no number");
  return out;
}

}  // namespace clary::telemetry
