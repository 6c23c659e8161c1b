#include "objects/aws_profile.h"

#include <map>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/files.h"
#include "base/strings.h"
#include "objects/container_credentials.h"

namespace clary::objects {
namespace {

using Keys = std::map<std::string, std::string>;

// The fields below [section]; none when the file or the section is not there.
Keys read_section(const std::string& path, const std::string& section) {
  Keys keys;
  const Result<std::string> text = read_file(path, 1 << 20);
  if (!text.ok()) return keys;
  bool inside = false;
  for (const std::string_view raw : split(*text, '\n')) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.ends_with(']') && trim(line.substr(1, line.size() - 2)) == section;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    keys[to_lower(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
  }
  return keys;
}

std::string file_of(const Variables& variables, const std::string& variable,
                    const std::string& usual) {
  if (const auto chosen = variables(variable)) return *chosen;
  return path_join(variables("HOME").value_or("/"), usual);
}

S3Credentials credentials_of(const Keys& keys) {
  const auto field = [&](const std::string& name) {
    const auto found = keys.find(name);
    return found == keys.end() ? std::string() : found->second;
  };
  return {.access_key = AccessKeyId(field("aws_access_key_id")),
          .secret_key = Secret(field("aws_secret_access_key")),
          .session_token = Secret(field("aws_session_token"))};
}

Result<S3Credentials> profile_credentials(const std::string& profile, const Variables& variables) {
  const std::string credentials =
      file_of(variables, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
  const std::string config = file_of(variables, "AWS_CONFIG_FILE", ".aws/config");
  const std::string section = profile == "default" ? profile : "profile " + profile;
  for (const Keys& keys : {read_section(credentials, profile), read_section(config, section)}) {
    S3Credentials found = credentials_of(keys);
    if (!found.access_key.empty() && !found.secret_key.empty()) return found;
  }
  return invalid_argument(
      "AWS profile '" + profile + "': no aws_access_key_id and aws_secret_access_key in '" +
      credentials + "' or '" + config + "'; roles, SSO and credential_process are not followed");
}

}  // namespace

S3CredentialSource aws_credentials(const std::string& profile, Variables variables) {
  struct Container {
    SystemClock clock;
    ContainerCredentials credentials{clock};
  };
  return [profile, variables = std::move(variables),
          container = std::make_shared<Container>()]() -> Result<S3Credentials> {
    const std::string key = variables("AWS_ACCESS_KEY_ID").value_or("");
    const std::string secret = variables("AWS_SECRET_ACCESS_KEY").value_or("");
    if (profile.empty() && !key.empty() && !secret.empty()) {
      return S3Credentials{.access_key = AccessKeyId(key),
                           .secret_key = Secret(secret),
                           .session_token = Secret(variables("AWS_SESSION_TOKEN").value_or(""))};
    }
    const std::string chosen = variables("AWS_PROFILE").value_or("default");
    Result<S3Credentials> found =
        profile_credentials(profile.empty() ? chosen : profile, variables);
    const std::string address = variables("AWS_CONTAINER_CREDENTIALS_FULL_URI").value_or("");
    if (found.ok() || !profile.empty() || address.empty()) return found;
    return container->credentials.get(address,
                                      variables("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or(""));
  };
}

}  // namespace clary::objects
