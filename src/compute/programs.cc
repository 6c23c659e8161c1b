#include "compute/programs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/files.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

constexpr std::array<std::string_view, 6> kStandardFolders = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};

bool has_program(std::string_view folder, std::string_view name) {
  const std::string file = path_join(folder.empty() ? "." : folder, name);
  struct stat found{};
  return ::stat(file.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         ::access(file.c_str(), X_OK) == 0;
}

}  // namespace

const std::vector<NeededProgram>& starting_programs() {
  static const std::vector<NeededProgram> programs = {{"rm", "coreutils"}, {"sync", "coreutils"}};
  return programs;
}

std::string program_path() {
  const char* own = std::getenv("PATH");
  std::string path = own == nullptr ? "" : own;
  const std::string given = path;
  const auto folders = split(given, ':');
  for (const std::string_view folder : kStandardFolders) {
    if (std::ranges::find(folders, folder) != folders.end()) continue;
    path.append(path.empty() ? "" : ":").append(folder);
  }
  return path;
}

Status check_programs(const std::vector<NeededProgram>& programs, std::string_view path) {
  const auto folders = split(path, ':');
  for (const NeededProgram& program : programs) {
    const bool found = std::ranges::any_of(
        folders, [&](std::string_view folder) { return has_program(folder, program.name); });
    if (found) continue;
    return unsupported("the program '" + std::string(program.name) + "' is in no folder of PATH (" +
                       std::string(path) + "); run: apt-get install " +
                       std::string(program.package));
  }
  return {};
}

}  // namespace clary::compute
