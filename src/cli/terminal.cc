#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "cli/client_commands.h"

namespace clary::cli {

namespace {

Terminal::Write writer(int file) {
  return [file](std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(file, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;  // nobody reads any more
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  };
}

bool speaks_utf8(const std::map<std::string, std::string>& variables) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = to_lower(variable(variables, name));
    if (!value.empty())
      return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace

Terminal::Terminal(TerminalTraits traits, Write out, Write err)
    : traits_(traits), out_(std::move(out)), err_(std::move(err)) {}

Terminal Terminal::of_process(const std::map<std::string, std::string>& variables) {
  TerminalTraits traits;
  const bool dumb = variable(variables, "TERM") == "dumb";
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  traits.colour = is_terminal && !dumb && variable(variables, "NO_COLOR").empty();
  traits.interactive = ::isatty(STDERR_FILENO) == 1 && !dumb;
  traits.utf8 = is_terminal && speaks_utf8(variables);
  winsize size{};
  if (is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
    traits.width = size.ws_col;
  return Terminal(traits, writer(STDOUT_FILENO), writer(STDERR_FILENO));
}

void Terminal::say(std::string_view text) const { err_(std::string(text) + "\n"); }

void Terminal::progress(std::string_view text) const {
  if (traits_.interactive) err_("\r\x1b[K" + std::string(text));
}

std::string Terminal::styled(std::string_view text, Style style) const {
  if (!traits_.colour || style == Style::kPlain) return std::string(text);
  const char* code = "0";
  switch (style) {
    case Style::kGood:
      code = "32";
      break;
    case Style::kBad:
      code = "31";
      break;
    case Style::kWarning:
      code = "33";
      break;
    case Style::kDim:
      code = "2";
      break;
    case Style::kBold:
      code = "1";
      break;
    case Style::kPlain:
      break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string harmless(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7f) c = '?';
  }
  return clean;
}

}  // namespace clary::cli
