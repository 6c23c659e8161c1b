// What client_commands.h has besides the command line itself.
#include "cli/client_commands.h"

namespace clary::cli {

std::map<std::string, std::string> read_variables(char** environment) {
  std::map<std::string, std::string> variables;
  for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return variables;
}

std::string variable(const std::map<std::string, std::string>& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

std::string default_data_folder(const std::map<std::string, std::string>& variables) {
  const auto chosen = variables.find("CLARY_DATA");
  if (chosen != variables.end() && !chosen->second.empty()) return chosen->second;
  const auto home = variables.find("HOME");
  return (home == variables.end() || home->second.empty() ? "/root" : home->second) +
         "/.local/share/clary";
}

std::vector<const char*> plain_command_line(int argc, const char* const* argv) {
  std::vector<const char*> words(argv, argv + argc);
  if (words.size() < 2) return words;
  const std::string_view first = words[1];
  if (first == "version") words[1] = "--version";
  if (first == "help") {
    words.erase(words.begin() + 1);
    words.push_back("--help");
  }
  return words;
}

}  // namespace clary::cli
