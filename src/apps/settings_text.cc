#include "apps/settings_text.h"

#include <string>

namespace clary::apps {
namespace {

// Walks over a text, keeping count of its lines.
class Walk {
 public:
  explicit Walk(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char next() const { return rest_.front(); }
  std::size_t line() const { return line_; }
  bool skip(std::string_view start) {
    if (!rest_.starts_with(start)) return false;
    for (std::size_t i = 0; i < start.size(); ++i) step();
    return true;
  }
  void step() {
    if (at_end()) return;
    if (rest_.front() == '\n') ++line_;
    rest_.remove_prefix(1);
  }
  // Past the end of a string that has begun. One of a single line ends with its line at the latest.
  void skip_string(char quote, bool many_lines) {
    const std::string end(many_lines ? 3 : 1, quote);
    while (!at_end() && (many_lines || next() != '\n') && !skip(end)) {
      if (quote == '"' && next() == '\\') step();
      step();
    }
    // Two more quotes belong to the string that they end.
    for (int more = 0; many_lines && more < 2 && !at_end() && next() == quote; ++more) step();
  }

 private:
  std::string_view rest_;
  std::size_t line_ = 1;
};

}  // namespace

std::optional<std::size_t> line_of_stray_letter(std::string_view text) {
  Walk walk(text);
  walk.skip("\xEF\xBB\xBF");  // a byte order mark
  while (!walk.at_end()) {
    const char first = walk.next();
    if (first == '#') {
      while (!walk.at_end() && walk.next() != '\n') walk.step();
    } else if (first == '"' || first == '\'') {
      const bool many_lines = walk.skip(std::string(3, first));
      if (!many_lines) walk.step();
      walk.skip_string(first, many_lines);
    } else if (static_cast<unsigned char>(first) >= 0x80) {
      return walk.line();
    } else {
      walk.step();
    }
  }
  return std::nullopt;
}

}  // namespace clary::apps
