// What is said of a word that stands where a command should and is none. Pure.
#pragma once

#include <string>
#include <string_view>
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

}  // namespace clary::cli
