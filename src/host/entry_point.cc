#include "host/entry_point.h"

#include <algorithm>

#include "base/strings.h"

namespace clary::host {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_path_character(char c) {
  return is_letter_or_digit(c) || c == '.' || c == '_' || c == '+' || c == '-' || c == '/';
}

}  // namespace

EntryPointKind entry_point_kind(std::string_view name, bool has_setup_py) {
  if (name.ends_with(".sh")) return EntryPointKind::kCommand;
  if (has_setup_py) return EntryPointKind::kPythonPackage;
  return name.ends_with(".py") ? EntryPointKind::kPythonProgram : EntryPointKind::kCommand;
}

Status check_entry_point(std::string_view name) {
  const std::string quoted = "entry point '" + std::string(name) + "': ";
  constexpr std::string_view mend =
      "; name a path inside the source folder, such as 'train.py' or 'bin/train.sh'";
  const auto refused = [&](std::string_view reason) {
    return invalid_argument(quoted + std::string(reason) + std::string(mend));
  };
  if (name.empty()) return refused("the name is empty");
  if (name.front() == '-') return refused("a leading '-' reads as an option");
  if (name.front() == '/') return refused("it is an absolute path");
  const auto odd = std::find_if_not(name.begin(), name.end(), is_path_character);
  if (odd != name.end())
    return refused("it contains a character other than letters, digits and . _ + - /");
  if (name.front() == '+') return refused("it begins with '+'");
  for (const std::string_view segment : split(name, '/')) {
    if (segment.empty() || segment == "." || segment == "..")
      return refused("it has an empty, '.' or '..' segment");
  }
  return {};
}

std::vector<std::string> entry_point_command(EntryPointKind kind, const std::string& python,
                                             const std::string& name,
                                             const std::vector<std::string>& arguments) {
  if (kind == EntryPointKind::kCommand) {
    std::vector<std::string> quoted;
    quoted.reserve(arguments.size());
    for (const std::string& argument : arguments) quoted.push_back(shlex_quote(argument));
    return {"/bin/sh", "-c", "./" + shlex_quote(name) + " " + join(quoted, " ")};
  }
  std::vector<std::string> command = {python};
  if (kind == EntryPointKind::kPythonPackage) {
    command.push_back("-m");
    command.push_back(name.ends_with(".py") ? name.substr(0, name.size() - 3) : name);
  } else {
    command.push_back("--");
    command.push_back(name);
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::vector<std::string> install_arguments(EntryPointKind kind, bool has_requirements) {
  std::vector<std::string> arguments = {"-m", "pip", "install"};
  if (kind == EntryPointKind::kPythonPackage) arguments.push_back(".");
  if (kind != EntryPointKind::kCommand && has_requirements) {
    arguments.push_back("-r");
    arguments.push_back("requirements.txt");
  }
  return arguments.size() == 3 ? std::vector<std::string>{} : arguments;
}

std::string shlex_quote(std::string_view word) {
  constexpr std::string_view safe = "@%+=:,./-_";
  const bool bare = !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
    return is_letter_or_digit(c) || safe.find(c) != std::string_view::npos;
  });
  if (bare) return std::string(word);
  return "'" + replace_all(word, "'", "'\"'\"'") + "'";
}

}  // namespace clary::host
