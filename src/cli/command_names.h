// What is said of commands: of a word that stands where one should and is none, and below the list
// of all. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clary::cli {

// "clary: unknown command 'jbos', did you mean 'jobs'?"; group: the command that `known` belong to,
// "" for clary itself.
std::string unknown_command_text(std::string_view group, std::string_view word,
                                 const std::vector<std::string>& known);

// "clary: unknown option '--stutus', did you mean '--status'? ..."; a word that is no option is one
// too many. command: "clary jobs".
std::string unexpected_word_text(std::string_view command, std::string_view word,
                                 const std::vector<std::string>& options);

// What stands below the list of commands: the others, each (name, meaning), and the exit statuses.
std::string closing_text(const std::vector<std::pair<std::string, std::string>>& other_commands);

}  // namespace clary::cli
