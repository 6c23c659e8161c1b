// What is said of a command line that CLI11 could not read. Any thread; no state.
#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace clary::cli {

// In the place of the library's own words, for App::failure_message(): "clary: unknown option
// '--lisen', did you mean '--listen'?". app: its name is the command, "clary" or "clary serve".
std::string unread_text(const CLI::App* app, const CLI::Error& failure);

}  // namespace clary::cli
