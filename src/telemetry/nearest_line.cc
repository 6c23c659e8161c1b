#include "telemetry/nearest_line.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace clary::telemetry {
namespace {

constexpr char kGap = '\x01';
constexpr std::size_t kMaxLiteralBytes = 128;
constexpr std::size_t kMaxLineBytes = 300;

bool is_quantifier(char c) { return c == '*' || c == '+' || c == '?'; }

// Just behind a class `[...]` that begins at `at`.
std::size_t skip_class(std::string_view pattern, std::size_t at) {
  std::size_t end = at + 1;
  if (end < pattern.size() && pattern[end] == '^') ++end;
  if (end < pattern.size() && pattern[end] == ']') ++end;
  while (end < pattern.size() && pattern[end] != ']') end += pattern[end] == '\\' ? 2 : 1;
  return std::min(end + 1, pattern.size());
}

// Just behind `(?:`, `(?<name>`, `(?P<name>`, `(?=` and the like, or behind a bare `(`.
std::size_t skip_group_head(std::string_view pattern, std::size_t at) {
  if (at + 1 >= pattern.size() || pattern[at + 1] != '?') return at + 1;
  const std::size_t end = pattern.find_first_of(":>=!)", at + 2);
  return end == std::string_view::npos ? pattern.size() : end + 1;
}

}  // namespace

std::string literal_text(std::string_view pattern) {
  std::string literal;
  const auto gap = [&literal] {
    if (!literal.empty() && literal.back() != kGap) literal += kGap;
  };
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\\' && at + 1 < pattern.size()) {
      // \d, \s and other letters stand for sets; anything else for itself.
      if (std::isalnum(static_cast<unsigned char>(pattern[at + 1])) != 0) {
        gap();
      } else {
        literal += pattern[at + 1];
      }
      at += 2;
    } else if (c == '[') {
      gap();
      at = skip_class(pattern, at);
    } else if (c == '(') {
      gap();
      at = skip_group_head(pattern, at);
    } else if (c == '{') {
      gap();
      at = std::min(pattern.find('}', at), pattern.size() - 1) + 1;
    } else if (is_quantifier(c) || c == '.' || c == '^' || c == '$' || c == '|' || c == ')') {
      gap();
      ++at;
    } else {
      literal += c;
      ++at;
    }
  }
  return to_lower(literal);
}

int likeness(std::string_view a, std::string_view b) {
  const std::string left = to_lower(a);
  const std::string right = to_lower(b);
  // scores[j + 1]: of the best alignment that ends at left[i] and right[j].
  std::vector<int> scores(right.size() + 1, 0);
  int best = 0;
  for (const char c : left) {
    int diagonal = 0;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const int paired = diagonal + (c != kGap && right[j] == c ? 2 : -1);
      diagonal = scores[j + 1];
      scores[j + 1] = std::max({0, paired, scores[j + 1] - 1, scores[j] - 1});
      best = std::max(best, scores[j + 1]);
    }
  }
  return best;
}

void NearestLine::offer(std::string_view line) {
  if (seen_ == kMaxLines) return;
  ++seen_;
  line = line.substr(0, kMaxLineBytes);
  const std::string_view literal = std::string_view(literal_).substr(0, kMaxLiteralBytes);
  const int found = likeness(literal, line);
  if (found <= likeness_) return;
  likeness_ = found;
  line_ = std::string(line);
}

}  // namespace clary::telemetry
