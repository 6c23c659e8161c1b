#include "cli/shell_text.h"

#include "base/files.h"
#include "base/strings.h"
#include "cli/client_commands.h"

namespace clary::cli {

namespace {

// The hook first, without a hook of an earlier time.
std::string python_path(const std::string& hook, const std::string& current) {
  std::string path = hook;
  for (const std::string_view entry : split(current, ':')) {
    if (!entry.empty() && base_name(entry) != base_name(hook)) path += ":" + std::string(entry);
  }
  return path;
}

std::string no_proxy(const std::string& current) {
  std::string hosts = current;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    bool listed = false;
    for (const std::string_view entry : split(hosts, ',')) listed = listed || trim(entry) == host;
    if (!listed) hosts += (hosts.empty() ? "" : ",") + std::string(host);
  }
  return hosts;
}

bool uses_proxy(const std::map<std::string, std::string>& variables) {
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) {
    if (!variable(variables, name).empty()) return true;
  }
  return false;
}

// Inside single quotes fish knows the escapes \\ and \'.
std::string fish_quote(std::string_view text) {
  return "'" + replace_all(replace_all(text, "\\", "\\\\"), "'", "\\'") + "'";
}

}  // namespace

Exports client_exports(const ServerRecord& server, const KeyPair& key, const std::string& hook,
                       const std::map<std::string, std::string>& current) {
  Exports exports = {{"AWS_ENDPOINT_URL", server.endpoint()},
                     {"AWS_ACCESS_KEY_ID", *key.id},
                     {"AWS_SECRET_ACCESS_KEY", key.secret.reveal()},
                     {"AWS_DEFAULT_REGION", server.region},
                     {"AWS_REGION", server.region},
                     {"AWS_EC2_METADATA_DISABLED", "true"},
                     {"PYTHONPATH", python_path(hook, variable(current, "PYTHONPATH"))}};
  if (!server.ca_file.empty()) exports.emplace_back("AWS_CA_BUNDLE", server.ca_file);
  if (uses_proxy(current)) {
    exports.emplace_back("no_proxy", no_proxy(variable(current, "no_proxy")));
    exports.emplace_back("NO_PROXY", no_proxy(variable(current, "NO_PROXY")));
  }
  for (const auto& [name, value] : current) {
    const bool leads_elsewhere = name == "AWS_SESSION_TOKEN" || name == "AWS_SECURITY_TOKEN" ||
                                 name == "AWS_PROFILE" || name == "AWS_DEFAULT_PROFILE" ||
                                 name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" ||
                                 name.starts_with("AWS_ENDPOINT_URL_");
    if (leads_elsewhere) exports.emplace_back(name, std::nullopt);
  }
  return exports;
}

std::string shell_text(const Exports& exports, Shell shell) {
  std::string text;
  for (const auto& [name, value] : exports) {
    if (shell == Shell::kFish) {
      text += value ? "set -gx " + name + " " + fish_quote(*value) : "set -e " + name;
    } else {
      text += value ? "export " + name + "=" + shell_quote(*value) : "unset " + name;
    }
    text += shell == Shell::kFish ? ";\n" : "\n";
  }
  return text;
}

Shell shell_of(std::string_view path) {
  const std::string name = base_name(path);
  if (name == "fish") return Shell::kFish;
  return name == "zsh" ? Shell::kZsh : Shell::kBash;
}

}  // namespace clary::cli
