// The patterns that look at a line as text: terms, and the words of a line.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "telemetry/line_filter.h"

namespace clary::telemetry {
namespace {

struct Term {
  std::string text;
  std::shared_ptr<const PatternText> regex;

  bool stands_in(std::string_view line, std::uint64_t& steps) const {
    return regex != nullptr ? pattern_matches(*regex, line, steps)
                            : line.find(text) != std::string_view::npos;
  }
};

class TermTest final : public LineTest {
 public:
  std::vector<Term> all, none, any;

  bool matches(std::string_view line, std::uint64_t& steps) const override {
    const auto in_line = [&](const Term& term) { return term.stands_in(line, steps); };
    if (std::ranges::any_of(none, in_line)) return false;
    // Beside terms that must be there, those that may be there change nothing.
    if (all.empty() && !any.empty()) return std::ranges::any_of(any, in_line);
    return std::ranges::all_of(all, in_line);
  }
};

struct WordField {
  bool rest = false;                          // "...": any number of words
  std::vector<FilterComparison> comparisons;  // none: any word
  bool every = true;                          // of them, else one
};

// As AWS splits a line: at spaces, but not within "..." and [...].
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ' || line[at] == '\t') {
      ++at;
      continue;
    }
    const char close = line[at] == '"' ? '"' : line[at] == '[' ? ']' : '\0';
    const std::size_t end =
        close == '\0' ? line.find_first_of(" \t", at) : line.find(close, at + 1);
    if (close != '\0' && end != std::string_view::npos) {
      words.push_back(line.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      const std::size_t stop = line.find_first_of(" \t", at);
      words.push_back(line.substr(at, stop - at));
      at = stop == std::string_view::npos ? line.size() : stop;
    }
  }
  return words;
}

class WordsTest final : public LineTest {
 public:
  std::vector<WordField> fields;

  bool matches(std::string_view line, std::uint64_t& steps) const override {
    const std::vector<std::string_view> words = words_of(line);
    const auto rest = std::ranges::find(fields, true, &WordField::rest);
    const auto before = static_cast<std::size_t>(rest - fields.begin());
    if (rest == fields.end())
      return words.size() == fields.size() && hold(words, 0, 0, before, steps);
    const std::size_t after = fields.size() - before - 1;
    return words.size() >= before + after && hold(words, 0, 0, before, steps) &&
           hold(words, words.size() - after, before + 1, after, steps);
  }

 private:
  // Whether `count` fields from `field` on hold for the words from `word` on.
  bool hold(const std::vector<std::string_view>& words, std::size_t word, std::size_t field,
            std::size_t count, std::uint64_t& steps) const {
    for (std::size_t at = 0; at < count; ++at) {
      if (!holds(fields[field + at], words[word + at], steps)) return false;
    }
    return true;
  }

  static bool holds(const WordField& field, std::string_view word, std::uint64_t& steps) {
    if (field.comparisons.empty()) return true;
    const auto one = [&](const FilterComparison& each) { return each.holds_for_word(word, steps); };
    return field.every ? std::ranges::all_of(field.comparisons, one)
                       : std::ranges::any_of(field.comparisons, one);
  }
};

Result<WordField> read_field(FilterReader& reader) {
  WordField field;
  if (reader.take("...")) {
    field.rest = true;
    return field;
  }
  constexpr std::string_view kEnds = ",]=<>!&|";
  CLARY_TRY([[maybe_unused]] const std::string name, reader.text(kEnds));
  while (!reader.at_end() && reader.peek() != ',' && reader.peek() != ']') {
    CLARY_TRY(FilterComparison comparison, reader.comparison(",]&|"));
    field.comparisons.push_back(std::move(comparison));
    const bool either = reader.take("||");
    if (!either && !reader.take("&&")) break;
    if (either && field.comparisons.size() > 1 && field.every)
      return invalid_argument("&& and || in one word need brackets, which words do not have");
    field.every = !either;
    CLARY_TRY([[maybe_unused]] const std::string again, reader.text(kEnds));
  }
  return field;
}

}  // namespace

Result<std::unique_ptr<LineTest>> make_term_test(FilterReader& reader) {
  auto test = std::make_unique<TermTest>();
  while (!reader.at_end()) {
    std::vector<Term>& to = reader.take("-")   ? test->none
                            : reader.take("?") ? test->any
                                               : test->all;
    Term term;
    if (reader.take("%")) {
      CLARY_TRY(term.regex, reader.regex());
    } else {
      CLARY_TRY(term.text, reader.text(""));
    }
    to.push_back(std::move(term));
  }
  return std::unique_ptr<LineTest>(std::move(test));
}

Result<std::unique_ptr<LineTest>> make_words_test(FilterReader& reader) {
  auto test = std::make_unique<WordsTest>();
  do {
    CLARY_TRY(WordField field, read_field(reader));
    test->fields.push_back(std::move(field));
  } while (reader.take(","));
  if (!reader.take("]")) return invalid_argument("a ] is missing");
  if (std::ranges::count(test->fields, true, &WordField::rest) > 1)
    return invalid_argument("'...' may stand once");
  return std::unique_ptr<LineTest>(std::move(test));
}

}  // namespace clary::telemetry
