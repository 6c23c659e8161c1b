// Environment variables as text that a shell reads. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/client_commands.h"
#include "cli/server_record.h"

namespace clary::cli {

enum class Shell { kBash, kZsh, kFish };

// In order; nothing: the variable is removed.
using Exports = std::vector<std::pair<std::string, std::optional<std::string>>>;

// What lets the AWS clients of a shell reach this server and no other. current: the shell's
// variables now: PYTHONPATH and NO_PROXY are added to, and what would lead elsewhere (a session
// token, addresses of single services) is removed. hook: the folder of the client hook.
Exports client_exports(const ServerRecord& server, const KeyPair& key, const std::string& hook,
                       const std::map<std::string, std::string>& current);

// Lines for `eval`.
std::string shell_text(const Exports& exports, Shell shell);

// The name of $SHELL's program: fish, zsh, else bash.
Shell shell_of(std::string_view path);

}  // namespace clary::cli
