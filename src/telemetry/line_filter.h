// What a filter pattern becomes: one test of a line, made of tests of its parts.
//
// Immutable; any thread. Used by log_filter*.cc only. What a test takes is added to `steps`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/document.h"
#include "base/result.h"

namespace clary::telemetry {

class LineTest {
 public:
  virtual ~LineTest() = default;
  virtual bool matches(std::string_view line, std::uint64_t& steps) const = 0;
};

// One comparison of a JSON member or of a word: `= "a*"`, `< 3`, `= %x%`, `IS NULL`.
enum class FilterOperator {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIsTrue,
  kIsFalse,
  kIsNull,
  kExists,
  kNotExists
};

class PatternText;  // a compiled %regex%

struct FilterComparison {
  FilterOperator operation = FilterOperator::kExists;
  std::string text;              // with * for any run
  std::optional<double> number;  // of `text`, where it is one
  std::shared_ptr<const PatternText> regex;

  bool holds_for_word(std::string_view word, std::uint64_t& steps) const;
  // nullptr: the line has no such member.
  bool holds_for_member(const Document* member, std::uint64_t& steps) const;
};

// A pattern's text, read from the left.
class FilterReader {
 public:
  explicit FilterReader(std::string_view text) : text_(text) {}

  void skip_spaces();
  bool at_end();
  bool take(std::string_view word);       // spaces before it are skipped
  bool take_word(std::string_view word);  // without regard to case, and not the begin of another
  char peek();
  // A "quoted text", with \" inside, or what stands before a space or one of `ends`.
  Result<std::string> text(std::string_view ends);
  // After a %, up to the next one.
  Result<std::shared_ptr<const PatternText>> regex();
  // An operator and its value.
  Result<FilterComparison> comparison(std::string_view ends);

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool pattern_matches(const PatternText& pattern, std::string_view text, std::uint64_t& steps);

Result<std::unique_ptr<LineTest>> make_term_test(FilterReader& reader);
Result<std::unique_ptr<LineTest>> make_json_test(FilterReader& reader);   // after the {
Result<std::unique_ptr<LineTest>> make_words_test(FilterReader& reader);  // after the [

}  // namespace clary::telemetry
