#include "cli/command_names.h"

#include "base/strings.h"
#include "cli/terminal.h"

namespace clary::cli {

std::string unknown_command_text(std::string_view group, std::string_view word,
                                 const std::vector<std::string>& known) {
  const std::string lead = group.empty() ? "" : std::string(group) + " ";
  const std::string said = "clary: unknown command '" + lead + harmless(word) + "'";
  const auto near = nearest(word, known);
  if (near) return said + ", did you mean '" + lead + *near + "'?";
  return said + "; there are: " + join(known, ", ");
}

std::string unexpected_word_text(std::string_view command, std::string_view word,
                                 const std::vector<std::string>& options) {
  const std::string shown = "'" + harmless(word) + "'";
  const std::string help = "`" + std::string(command) + " --help` says what it takes";
  if (!word.starts_with('-')) return "clary: " + shown + " is one word too many; " + help;
  const auto near = nearest(word, options);
  if (near) return "clary: unknown option " + shown + ", did you mean '" + *near + "'?";
  return "clary: unknown option " + shown + "; " + help;
}

std::string closing_text(const std::vector<std::pair<std::string, std::string>>& other_commands) {
  std::string text = "Exit status: 0 ok, 1 failed, 2 usage, 3 not found, 4 server not reachable.";
  if (other_commands.empty()) return text;
  std::string commands = "Besides:\n";
  for (const auto& [name, meaning] : other_commands)
    commands.append("  ").append(name).append(": ").append(meaning).append("\n");
  return commands + text;
}

}  // namespace clary::cli
