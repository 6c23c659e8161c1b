#include "host/pip_settings.h"

#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/strings.h"
#include "host/asked_lines.h"
#include "host/requirement_key.h"

namespace clary::host {

std::map<std::string, std::string> pip_setting_texts(const hostlink::PlanInterpreter& interpreter) {
  std::map<std::string, std::string> texts;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with("PIP_")) texts[std::string(text.substr(0, text.find('=')))] = text;
  }
  const char* home = std::getenv("HOME");
  const std::string own = home == nullptr ? "" : home;
  std::vector<std::string> files = {"/etc/pip.conf", "/etc/xdg/pip/pip.conf",
                                    own + "/.pip/pip.conf", own + "/.config/pip/pip.conf",
                                    folder_of(folder_of(interpreter.python)) + "/pip.conf"};
  if (const char* named = std::getenv("PIP_CONFIG_FILE")) files.emplace_back(named);
  for (const std::string& file : files) {
    if (Result<std::string> text = read_file(file, 1 << 20); text.ok())
      texts[file] = *std::move(text);
  }
  return texts;
}

std::map<std::string, std::string> machine_pip_settings(
    const hostlink::PlanInterpreter& interpreter) {
  std::map<std::string, std::string> settings;
  if (const auto config = asked_lines({interpreter.python, "-m", "pip", "config", "list"});
      config.ok()) {
    settings = pip_variables(join(*config, "\n"));
  }
  return settings;
}

std::vector<compute::Mount> pip_setting_mounts(const std::map<std::string, std::string>& settings) {
  std::vector<compute::Mount> mounts;
  for (const auto& [name, value] : settings) {
    for (std::string_view word : split(value, ' ')) {
      if (word.starts_with("file://")) word.remove_prefix(7);
      if (!word.starts_with('/') || word.starts_with("/etc/") || word.starts_with("/usr/"))
        continue;
      // The pages of a local index name files beside it: <mirror>/simple/... and <mirror>/files/...
      while (word.ends_with('/')) word.remove_suffix(1);
      if (word.ends_with("/simple") && word.size() > std::string_view("/simple").size()) {
        word.remove_suffix(std::string_view("/simple").size());
      }
      const std::string path(word);
      if (exists(path)) mounts.push_back({.source = path, .target = path});
    }
  }
  return mounts;
}

}  // namespace clary::host
