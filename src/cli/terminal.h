// Where a command writes: results to standard output, what it has to say about them to standard
// error.
//
// Colour, bars and progress are for a terminal; into a file or a pipe goes plain text. One thread
// at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace clary::cli {

enum class Style { kPlain, kGood, kBad, kWarning, kDim, kBold };

struct TerminalTraits {
  bool colour = false;       // standard output is a terminal and NO_COLOR is not set
  bool interactive = false;  // standard error is a terminal: progress may be shown
  bool utf8 = false;
  std::size_t width = 100;  // columns
};

class Terminal {
 public:
  using Write = std::function<void(std::string_view)>;

  Terminal(TerminalTraits traits, Write out, Write err);
  // The process's own streams.
  static Terminal of_process(const std::map<std::string, std::string>& variables);

  const TerminalTraits& traits() const { return traits_; }
  void print(std::string_view text) const { out_(text); }
  void say(std::string_view text) const;  // a sentence to standard error, with a line's end
  // Replaces the line of progress; nothing when standard error is no terminal. "" removes it.
  void progress(std::string_view text) const;
  std::string styled(std::string_view text, Style style) const;

 private:
  TerminalTraits traits_;
  Write out_;
  Write err_;
};

// Text of somebody else, fit for a terminal: control characters other than tab and line feed become
// '?'.
std::string harmless(std::string_view text);

}  // namespace clary::cli
