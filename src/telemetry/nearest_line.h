// NearestLine: of the lines seen, the one most like a pattern that matched none of them. Used by
// one thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace clary::telemetry {

// The pattern's literal text, lower case: groups' contents, classes and quantifiers are taken out,
// each gap is one '\x01'.
std::string literal_text(std::string_view pattern);

// How much of `a` stands in `b`, typing errors forgiven: the score of the best local alignment (two
// for a character that both have, one off for each that differs or is in one only), without regard
// to ASCII case; '\x01' is like nothing. Cost: O(a × b). Source: Smith and Waterman, 1981.
int likeness(std::string_view a, std::string_view b);

class NearestLine {
 public:
  explicit NearestLine(std::string_view pattern) : literal_(literal_text(pattern)) {}

  // Looks at the first kMaxLines lines only, and at the first 300 bytes of each: a nearest line is
  // a hint.
  void offer(std::string_view line);
  // "" when no line is like the pattern by more than two characters.
  const std::string& line() const { return line_; }

 private:
  static constexpr std::size_t kMaxLines = 20'000;

  std::string literal_;
  std::string line_;
  int likeness_ = 4;  // of two characters
  std::size_t seen_ = 0;
};

}  // namespace clary::telemetry
