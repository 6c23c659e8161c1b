// `clary env --install VENV`: an AWS profile, and a virtual environment whose Pythons use it.
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "cli/aws_profile.h"
#include "cli/commands.h"
#include "cli/server_record.h"

namespace clary::cli {
namespace {

constexpr const char* kProfile = "clary";
constexpr std::size_t kLargestFile = 1 << 20;

// What a virtual environment's Python runs when it starts. It keeps out of the way of whoever has
// chosen an account already, and of jobs, which have credentials of their own.
constexpr std::string_view kModule =
    R"py("""Written by `clary env --install`, taken away by `clary env --uninstall`: AWS clients of this environment use Clary."""

import os
import sys

HOOK = %HOOK%
CHOSEN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def endpoint():
    """That of the profile: the server may have moved since this file was written."""
    path = os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    section = ""
    try:
        with open(os.path.expanduser(path), encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = (part.strip() for part in line.partition("="))
                if line.startswith("["):
                    section = line.partition("]")[0]
                elif section == "[profile clary" and name == "endpoint_url":
                    return value
    except OSError:
        pass
    return %ENDPOINT%


if not any(os.environ.get(name) for name in CHOSEN):
    os.environ["AWS_PROFILE"] = "clary"
    os.environ["AWS_ENDPOINT_URL"] = endpoint()
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    if os.path.isdir(HOOK):
        sys.path.insert(0, HOOK)
)py";

struct Files {
  std::string config;
  std::string credentials;
  std::string site_folder;  // of the virtual environment

  std::string module() const { return path_join(site_folder, "clary_client.py"); }
  std::string start() const { return path_join(site_folder, "clary_client.pth"); }
};

Result<std::string> site_folder_of(const std::string& venv) {
  namespace fs = std::filesystem;
  if (!exists(path_join(venv, "pyvenv.cfg")))
    return invalid_argument("'" + venv + "' is no virtual environment: it has no pyvenv.cfg");
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(path_join(venv, "lib"), failure)) {
    const std::string site = path_join(entry.path().string(), "site-packages");
    if (base_name(entry.path().string()).starts_with("python") && exists(site)) return site;
  }
  return invalid_argument("'" + venv + "': no lib/python3.*/site-packages");
}

Result<Files> files_of(const Context& context, const std::string& venv) {
  const std::string home = variable(context.tools.variables, "HOME");
  Files files{.config = variable(context.tools.variables, "AWS_CONFIG_FILE"),
              .credentials = variable(context.tools.variables, "AWS_SHARED_CREDENTIALS_FILE"),
              .site_folder = ""};
  if ((files.config.empty() || files.credentials.empty()) && home.empty())
    return invalid_argument("HOME is not set: the AWS profile has no place");
  if (files.config.empty()) files.config = home + "/.aws/config";
  if (files.credentials.empty()) files.credentials = home + "/.aws/credentials";
  CLARY_TRY(files.site_folder, site_folder_of(venv));
  return files;
}

// Where a file is written that people may have put behind a symbolic link; the link may lead to
// nothing yet.
std::string written_path(const std::string& path) {
  if (auto real = real_path(path); real.ok()) return *std::move(real);
  std::error_code failure;
  const std::filesystem::path target = std::filesystem::read_symlink(path, failure);
  return failure ? path : (std::filesystem::path(folder_of(path)) / target).string();
}

Status write_section(const std::string& path, const std::string& section,
                     const ProfileLines& lines) {
  const Result<std::string> text = read_file(path, kLargestFile);
  if (!text.ok() && text.error().code != ErrorCode::kNotFound) return text.error();
  const std::string before(text.ok() ? std::string_view(*text) : kMade);
  const std::string target = written_path(path);
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(target), 0700));
  return write_file_atomically(target, with_section(before, section, lines), 0600);
}

// A file that install has made and nobody else has written to goes too.
Status remove_section(const std::string& path, const std::string& section) {
  const Result<std::string> text = read_file(path, kLargestFile);
  if (!text.ok()) return text.error().code == ErrorCode::kNotFound ? Status() : text.error();
  std::string left = with_section(*text, section, {});
  if (left == *text) return {};
  const bool made = left.starts_with(kMade);
  if (made) left.erase(0, kMade.size());
  if (made && trim(left).empty() && !std::filesystem::is_symlink(path))
    return ::unlink(path.c_str()) == 0 ? Status() : system_error("remove '" + path + "'");
  return write_file_atomically(written_path(path), left, 0600);
}

Status check_section(const std::string& path, const std::string& section) {
  const Result<std::string> text = read_file(path, kLargestFile);
  if (!text.ok()) return text.error().code == ErrorCode::kNotFound ? Status() : text.error();
  if (!has_section_of_others(*text, section)) return {};
  return invalid_argument("the section [" + section + "] of '" + path +
                          "' was not made by `clary env --install`: rename it, or take it away");
}

// A person's own profile of this name is left as it is.
Status check_sections(const Files& files) {
  CLARY_RETURN_IF_ERROR(check_section(files.config, std::string("profile ") + kProfile));
  return check_section(files.credentials, kProfile);
}

Status install(const Context& context, const Files& files) {
  CLARY_RETURN_IF_ERROR(check_sections(files));
  CLARY_TRY(const ServerRecord server, running_server(context.data_folder));
  CLARY_TRY(const KeyPair key, context.tools.root_key(context.data_folder));
  CLARY_TRY(const std::string hook, context.tools.client_hook(context.data_folder));
  ProfileLines profile = {{"region", server.region}, {"endpoint_url", server.endpoint()}};
  if (!server.ca_file.empty()) profile.emplace_back("ca_bundle", server.ca_file);
  CLARY_RETURN_IF_ERROR(write_section(files.config, std::string("profile ") + kProfile, profile));
  CLARY_RETURN_IF_ERROR(write_section(
      files.credentials, kProfile,
      {{"aws_access_key_id", *key.id}, {"aws_secret_access_key", key.secret.reveal()}}));
  // A JSON text is a Python text too.
  std::string module = replace_all(kModule, "%HOOK%", to_json(Document(hook)));
  module = replace_all(module, "%ENDPOINT%", to_json(Document(server.endpoint())));
  CLARY_RETURN_IF_ERROR(write_file_atomically(files.module(), module, 0644));
  return write_file_atomically(files.start(), "import clary_client\n", 0644);
}

Status uninstall(const Context& context, const Files& files) {
  CLARY_RETURN_IF_ERROR(check_sections(files));
  CLARY_RETURN_IF_ERROR(remove_section(files.config, std::string("profile ") + kProfile));
  CLARY_RETURN_IF_ERROR(remove_section(files.credentials, kProfile));
  const std::string folder = variable(context.tools.variables, "HOME") + "/.aws";
  if (folder_of(files.config) == folder || folder_of(files.credentials) == folder)
    ::rmdir(folder.c_str());  // stays where something is in it
  for (const std::string& path : {files.start(), files.module()}) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return system_error("remove '" + path + "'");
  }
  return {};
}

}  // namespace

ExitCode env_install(const Context& context, const std::string& venv) {
  const Result<Files> files = files_of(context, venv);
  if (!files.ok()) return fail(context, files.error());
  if (const Status done = install(context, *files); !done.ok()) return fail(context, done.error());
  context.terminal.say("The AWS profile '" + std::string(kProfile) + "' stands in " +
                       files->config + "; Pythons of " + venv +
                       " use it from now on, and `aws --profile clary` does. `clary env "
                       "--uninstall " +
                       venv + "` takes both away.");
  return ExitCode::kOk;
}

ExitCode env_uninstall(const Context& context, const std::string& venv) {
  const Result<Files> files = files_of(context, venv);
  if (!files.ok()) return fail(context, files.error());
  if (const Status done = uninstall(context, *files); !done.ok())
    return fail(context, done.error());
  context.terminal.say("The AWS profile '" + std::string(kProfile) + "' is gone, and " + venv +
                       " is as it was.");
  return ExitCode::kOk;
}

}  // namespace clary::cli
