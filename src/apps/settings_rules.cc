// check_settings(): what the settings may be.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "apps/settings.h"
#include "base/files.h"
#include "base/strings.h"
#include "objects/object_store.h"

namespace clary::apps {
namespace {

bool is_loopback(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("localhost:") ||
         listen.starts_with("[::1]:");
}

bool is_address(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const auto port = parse_int(listen.substr(colon + 1));
  return port && *port >= 0 && *port <= 65535;
}

// http(s)://host, with a port or without, and a path or none.
bool is_web_address(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    const std::string_view host = url.substr(0, url.find('/'));
    if (host.empty() || host.find_first_of("?#@ ") != std::string_view::npos) return false;
    const std::size_t colon = host.rfind(':');
    if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos)
      return true;
    const auto port = parse_int(host.substr(colon + 1));
    return colon > 0 && port && *port >= 1 && *port <= 65535;
  }
  return false;
}

// One rule of the settings after the other; each names its key, and where it stands.
class Rules {
 public:
  explicit Rules(const Settings& settings) : settings_(settings) {}

  Status require(bool holds, const char* key, const std::string& sentence) const {
    return holds ? Status() : setting_error(settings_, key, sentence);
  }
  // Of two settings that mean nothing without each other.
  Status require_both(const char* key, const std::string& value, const char* other,
                      const std::string& other_value) const {
    return require(value.empty() == other_value.empty(), value.empty() ? other : key,
                   fmt::format("{} and {} must both be given", key, other));
  }

 private:
  const Settings& settings_;
};

// What a remote bucket cannot do is refused here, not when it is missed.
Status check_objects(const Settings& settings, const Rules& rules) {
  const std::string& location = settings.objects_location;
  if (location.empty()) {
    return rules.require(settings.objects_endpoint.empty(), "objects.endpoint",
                         "without objects.location (--objects) there is nothing to reach there");
  }
  const auto place = objects::parse_object_uri(location);
  CLARY_RETURN_IF_ERROR(
      rules.require(place.ok(), "objects.location",
                    "'" + location + "': wanted s3://bucket or s3://bucket/prefix"));
  const std::string& endpoint = settings.objects_endpoint;
  CLARY_RETURN_IF_ERROR(rules.require(
      endpoint.empty() || endpoint.starts_with("http://") || endpoint.starts_with("https://"),
      "objects.endpoint", "'" + endpoint + "': wanted http://HOST:PORT or https://HOST:PORT"));
  CLARY_RETURN_IF_ERROR(rules.require(!settings.objects_region.empty(), "objects.region",
                                      "requests are signed for a region"));
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.s3_quotas.empty(), "s3.quotas",
                    "a remote bucket (objects.location) does not count its bytes"));
  return rules.require(!settings.allow_reset, "allow_reset",
                       "would delete what is in the remote bucket (objects.location)");
}

Status check_jobs(const Settings& settings, const Rules& rules) {
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.sandbox == "bubblewrap" || settings.sandbox == "process",
                    "jobs.sandbox", "must be \"bubblewrap\" or \"process\""));
  CLARY_RETURN_IF_ERROR(rules.require(settings.network == "namespace" || settings.network == "host",
                                      "jobs.network", "must be \"namespace\" or \"host\""));
  CLARY_RETURN_IF_ERROR(rules.require(settings.job_uid > 0 && settings.job_uid < 0xFFFFFFFF,
                                      "jobs.uid", "must be an unprivileged user's number"));
  CLARY_RETURN_IF_ERROR(rules.require(settings.overcommit >= 1 && settings.overcommit <= 1000,
                                      "jobs.overcommit", "must be 1 to 1000"));
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.stop_grace_seconds >= 0 && settings.stop_grace_seconds <= 3600,
                    "jobs.stop_grace_seconds", "must be 0 to 3600"));
  for (const auto& [key, value] : {std::pair{"jobs.max_processes", settings.max_processes},
                                   std::pair{"jobs.max_disk_gib", settings.max_disk_gib},
                                   std::pair{"jobs.max_log_lines", settings.max_log_lines},
                                   std::pair{"jobs.kept_gib", settings.kept_gib}}) {
    CLARY_RETURN_IF_ERROR(
        rules.require(value >= 0 && value < (1LL << 30), key, "must be 0 to 1073741823"));
  }
  return rules.require(settings.kept_days >= 1 && settings.kept_days <= 36'500, "jobs.kept_days",
                       "must be 1 to 36500");
}

Status check_server(const Settings& settings, const Rules& rules) {
  CLARY_RETURN_IF_ERROR(rules.require(
      settings.serverless_idle_seconds >= 1 && settings.serverless_idle_seconds <= 86'400,
      "endpoints.serverless_idle_seconds", "must be 1 to 86400"));
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.handler_threads >= 1 && settings.handler_threads <= 256,
                    "server.handler_threads", "must be 1 to 256"));
  for (const auto& [key, value] :
       {std::pair{"server.connections", settings.connections},
        {"server.connections_per_address", settings.connections_per_address},
        {"server.requests_per_key", settings.requests_per_key}}) {
    CLARY_RETURN_IF_ERROR(
        rules.require(value >= 1 && value <= 1'000'000, key, "must be 1 to 1000000"));
  }
  return rules.require(settings.view_cache_entries >= 1, "server.view_cache_entries",
                       "must be at least 1");
}

// What could never be told is refused here, not at every job's change.
Status check_hooks(const Settings& settings, const Rules& rules) {
  const std::vector<std::string>& command = settings.hook_command;
  CLARY_RETURN_IF_ERROR(rules.require(command.empty() || !command.front().empty(), "hooks.command",
                                      "its first word must name a program"));
  const std::string& url = settings.hook_url;
  CLARY_RETURN_IF_ERROR(
      rules.require(url.empty() || is_web_address(url), "hooks.url",
                    "'" + url + "': must be http(s)://host:port/path, with a port of 1 to 65535"));
  const std::string& ca = settings.hook_ca;
  CLARY_RETURN_IF_ERROR(
      rules.require(ca.empty() || ca.starts_with('/'), "hooks.ca", "must be an absolute path"));
  return rules.require(ca.empty() || exists(ca), "hooks.ca", "there is no file '" + ca + "'");
}

}  // namespace

Error setting_error(const Settings& settings, const std::string& key, const std::string& sentence) {
  const auto line = settings.lines.find(key);
  const std::string place =
      line == settings.lines.end() ? "" : fmt::format("{}:{}: ", settings.file, line->second);
  return invalid_argument(fmt::format("{}setting '{}': {}", place, key, sentence));
}

Status check_settings(Settings& settings) {
  const Rules rules(settings);
  const bool digits = std::all_of(settings.account.begin(), settings.account.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.account.size() == 12 && digits, "account", "must be twelve digits"));
  CLARY_RETURN_IF_ERROR(rules.require(settings.metadata.empty() ||
                                          settings.metadata.starts_with("postgresql://") ||
                                          settings.metadata.starts_with("postgres://"),
                                      "metadata", "must begin with postgresql://"));
  CLARY_RETURN_IF_ERROR(
      rules.require_both("tls.cert", settings.tls_cert, "tls.key", settings.tls_key));
  CLARY_RETURN_IF_ERROR(
      rules.require(is_address(settings.listen), "listen",
                    "'" + settings.listen + "' is not HOST:PORT, as 127.0.0.1:4580"));
  CLARY_RETURN_IF_ERROR(
      rules.require(is_loopback(settings.listen) || settings.uses_tls(), "listen",
                    "'" + settings.listen +
                        "' is not a loopback address, and without TLS nothing else is "
                        "listened on: --tls, or --tls-cert and --tls-key"));
  CLARY_RETURN_IF_ERROR(rules.require(
      settings.lifecycle_interval_seconds >= 1 && settings.lifecycle_interval_seconds <= 86'400,
      "s3.lifecycle_interval_seconds", "must be 1 to 86400"));
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.scaling_period_seconds >= 2 && settings.scaling_period_seconds <= 3600,
                    "endpoints.scaling_period_seconds", "must be 2 to 3600"));
  CLARY_RETURN_IF_ERROR(rules.require_both("keys.access_key", settings.access_key,
                                           "keys.secret_key", settings.secret_key));
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.secret_key.empty() || settings.secret_key.size() >= 16,
                    "keys.secret_key", "needs at least 16 characters"));
  CLARY_RETURN_IF_ERROR(check_jobs(settings, rules));
  CLARY_RETURN_IF_ERROR(check_server(settings, rules));
  CLARY_RETURN_IF_ERROR(check_objects(settings, rules));
  for (const auto& [bucket, text] : settings.s3_quotas) {
    CLARY_RETURN_IF_ERROR(
        rules.require(parse_byte_count(text).has_value(), "s3.quotas",
                      "'" + bucket + "' must be a number of bytes, as \"10 GiB\""));
  }
  CLARY_RETURN_IF_ERROR(check_hooks(settings, rules));
  for (const auto& [id, folder] : settings.filesystems) {
    CLARY_RETURN_IF_ERROR(rules.require(folder.starts_with('/'), "filesystems",
                                        "'" + id + "' must name an absolute path"));
  }
  CLARY_RETURN_IF_ERROR(
      rules.require(settings.log_level == "debug" || settings.log_level == "info" ||
                        settings.log_level == "warning" || settings.log_level == "error",
                    "log_level", "must be debug, info, warning or error"));
  return rules.require(settings.data.starts_with('/'), "data", "must be an absolute path");
}

}  // namespace clary::apps
