#include "cli/unread_text.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "cli/command_names.h"

namespace clary::cli {

std::string unread_text(const CLI::App* app, const CLI::Error& failure) {
  std::string command = app->get_name();
  const CLI::App* level = app;
  while (!level->get_subcommands().empty()) {
    level = level->get_subcommands().front();
    command += " " + level->get_name();
  }
  const std::vector<std::string> unexpected = app->remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&failure) != nullptr && !unexpected.empty()) {
    std::vector<std::string> options;
    for (const CLI::Option* option : level->get_options()) options.push_back(option->get_name());
    return unexpected_word_text(command, unexpected.front(), options) + "\n";
  }
  return "clary: " + std::string(failure.what()) + "; `" + command +
         " --help` says what it takes\n";
}

}  // namespace clary::cli
