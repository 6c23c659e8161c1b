#include "host/pip_settings.h"

#include <unistd.h>

#include <cstdlib>

#include "base/digest.h"
#include "base/files.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "host/asked_lines.h"
#include "host/requirement_key.h"

namespace clary::host {
namespace {

constexpr std::size_t kAnswerBytes = 1 << 20;

// A line: what an answer of pip's depends on.
std::string key_of(const hostlink::PlanInterpreter& interpreter,
                   const std::map<std::string, std::string>& texts) {
  std::string all;
  const auto add = [&all](const std::string& part) {
    all += std::to_string(part.size()) + ":" + part;
  };
  add(interpreter.python_version);
  if (const auto pip = interpreter.packages.find("pip"); pip != interpreter.packages.end())
    add(pip->second);
  for (const auto& [name, text] : texts) {
    add(name);
    add(text);
  }
  return hex_encode(sha256(all)) + "\n";
}

}  // namespace

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
  for (const char* variable : {"XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"}) {
    const char* folders = std::getenv(variable);
    for (const std::string_view folder : split(folders == nullptr ? "" : folders, ':')) {
      if (!folder.empty()) files.push_back(path_join(folder, "pip/pip.conf"));
    }
  }
  for (const std::string& file : files) {
    if (Result<std::string> text = read_file(file, 1 << 20); text.ok())
      texts[file] = *std::move(text);
  }
  return texts;
}

std::map<std::string, std::string> machine_pip_settings(
    const hostlink::PlanInterpreter& interpreter, const std::string& cache_folder) {
  const std::map<std::string, std::string> texts = pip_setting_texts(interpreter);
  if (texts.empty()) return {};
  const std::string key = key_of(interpreter, texts);
  const std::string folder = path_join(cache_folder, "pip-settings");
  const std::string kept = path_join(folder, hex_encode(sha256(interpreter.python)));
  if (const Result<std::string> before = read_file(kept, kAnswerBytes);
      before.ok() && before->starts_with(key)) {
    return pip_variables(std::string_view(*before).substr(key.size()));
  }
  const auto config = asked_lines({interpreter.python, "-m", "pip", "config", "list"});
  if (!config.ok()) return {};
  const std::string answer = join(*config, "\n");
  // An answer that cannot be kept is asked for again. It may name an index with its password.
  if (make_folders(folder, 0700).ok())
    static_cast<void>(write_file_atomically(kept, key + answer, 0600));
  return pip_variables(answer);
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
