#include "apps/settings.h"

#include <fmt/format.h>

#include <stdexcept>

// The library asserts what a text such as "[=" breaks: that must not end the program.
constexpr void require_of_toml(bool holds) {
  if (!holds) throw std::logic_error("toml");
}
#define TOML_ASSERT(holds) require_of_toml(static_cast<bool>(holds))
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "apps/settings_text.h"
#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"

namespace clary::apps {
namespace {

using Field = std::variant<std::string Settings::*, bool Settings::*, std::int64_t Settings::*,
                           std::vector<std::string> Settings::*,
                           std::map<std::string, std::string> Settings::*>;

struct SettingRow {
  const char* key;  // "table.key", or "key" at the top
  Field field;
  const char* meaning;
};

constexpr SettingRow kRows[] = {
    {"listen", &Settings::listen, "Address and port. Beyond loopback only with TLS."},
    {"region", &Settings::region, "The region that `clary env` names. Requests may name any."},
    {"account", &Settings::account, "The account id, twelve digits."},
    {"log_level", &Settings::log_level, "debug, info, warning or error."},
    {"allow_reset", &Settings::allow_reset,
     "POST /_clary/reset empties the store. For test suites."},
    {"metadata", &Settings::metadata,
     "Where jobs, keys and identities are kept: postgresql://USER@HOST/DATABASE; empty: SQLite "
     "in the data directory. The password may come from PGPASSWORD or ~/.pgpass."},
    {"allowed_hosts", &Settings::allowed_hosts,
     "Names by which this machine is reached, besides localhost and IP addresses: Clary's own "
     "pages open for them, and the own certificate is theirs too."},
    {"filesystems", &Settings::filesystems,
     "Folders that stand for EFS and FSx file systems: fs-0123456789abcdef0 = \"/data\"."},
    {"keys.access_key", &Settings::access_key,
     "A key pair of your choice; empty: a random one is made at first start."},
    {"keys.secret_key", &Settings::secret_key, "Its secret, at least 16 characters."},
    {"tls.own", &Settings::tls_own,
     "https, with a certificate that an authority made in the data directory has signed."},
    {"tls.cert", &Settings::tls_cert,
     "https, with this certificate and its chain (PEM), read again at SIGHUP; at loopback the own "
     "one too."},
    {"tls.key", &Settings::tls_key, "Its private key (PEM)."},
    {"tls.ca", &Settings::tls_ca,
     "Who signed it (PEM), where that is nobody whom clients know: joins AWS_CA_BUNDLE."},
    {"jobs.sandbox", &Settings::sandbox,
     "bubblewrap, or process: no isolation from each other and from the machine; for one "
     "person's own scripts."},
    {"jobs.network", &Settings::network,
     "namespace: each job host has a network of its own. host: the machine's."},
    {"jobs.uid", &Settings::job_uid,
     "Who the users' processes are on the machine when the server runs as root."},
    {"jobs.credentials_as_variables", &Settings::credentials_as_variables,
     "Also give jobs AWS_ACCESS_KEY_ID and its kin, for clients older than container "
     "credentials."},
    {"jobs.limit_cpus", &Settings::limit_cpus,
     "Keep a job to as many cores as its instance type has; false: it may use all of the "
     "machine's."},
    {"jobs.overcommit", &Settings::overcommit,
     "How many times the machine's cores and memory are given out. Above 1 jobs share them, and "
     "none is kept to cores of its own."},
    {"jobs.stop_grace_seconds", &Settings::stop_grace_seconds, "From SIGTERM to SIGKILL."},
    {"jobs.max_processes", &Settings::max_processes,
     "Processes and threads of a job; 0: not limited. One more is refused to the script."},
    {"jobs.max_disk_gib", &Settings::max_disk_gib,
     "What a job's files may take on the disk; 0: not limited. More fails the job."},
    {"jobs.max_log_lines", &Settings::max_log_lines,
     "Lines kept of a job's output; 0: not limited. What follows is dropped, and said to be."},
    {"jobs.kept_days", &Settings::kept_days,
     "How long what a job made is kept in the data directory when it could not be uploaded."},
    {"jobs.kept_gib", &Settings::kept_gib,
     "What that may take on the disk, of all jobs together; the oldest goes first. 0: nothing is "
     "kept."},
    {"endpoints.serverless_idle_seconds", &Settings::serverless_idle_seconds,
     "How long a serverless variant that nobody calls keeps its instance."},
    {"endpoints.scaling_period_seconds", &Settings::scaling_period_seconds,
     "The periods over which scaling looks at a metric: 60 is a minute, as on AWS; less, to try "
     "a policy out sooner."},
    {"environments.default", &Settings::default_environment,
     "Name or interpreter path; empty: $VIRTUAL_ENV, else the first python3 on PATH."},
    {"environments.strict_versions", &Settings::strict_versions,
     "A framework version other than the image's fails the job; otherwise it is said in the "
     "timeline."},
    {"objects.location", &Settings::objects_location,
     "s3://bucket/prefix: objects are kept there; empty: in the data directory."},
    {"objects.endpoint", &Settings::objects_endpoint,
     "Of that S3: http(s)://HOST:PORT; empty: AWS, in the region below."},
    {"objects.region", &Settings::objects_region, "The region that requests to it are signed for."},
    {"objects.profile", &Settings::objects_profile,
     "The profile in ~/.aws/credentials or ~/.aws/config with the keys for it; empty: "
     "AWS_ACCESS_KEY_ID and its kin, else $AWS_PROFILE, else default."},
    {"objects.ca", &Settings::objects_ca,
     "Who signed its certificate (PEM), where that is nobody whom this machine knows."},
    {"objects.bucket_in_host", &Settings::objects_bucket_in_host,
     "Virtual-host style: the bucket stands before its host; false: in the path."},
    {"s3.domains", &Settings::s3_domains,
     "BUCKET.DOMAIN as the Host of a request names the bucket (virtual-host style)."},
    {"s3.lifecycle_interval_seconds", &Settings::lifecycle_interval_seconds,
     "How often lifecycle rules are carried out."},
    {"s3.quotas", &Settings::s3_quotas,
     "Most bytes that a bucket may hold, versions and parts of uploads included: data = \"10 "
     "GiB\"."},
    {"hooks.command", &Settings::hook_command,
     "Run at every change of a job's state, with the change as JSON in CLARY_EVENT."},
    {"hooks.url", &Settings::hook_url,
     "Gets a POST of the same JSON: http://host:port/path, or https."},
    {"hooks.ca", &Settings::hook_ca,
     "Who signed the certificate of hooks.url (PEM); empty: whom this machine trusts."},
    {"server.handler_threads", &Settings::handler_threads,
     "Requests that run at a time, not counting those that wait for a disk."},
    {"server.connections", &Settings::connections,
     "Open at once; over it a client is answered 503. At most what the process may open."},
    {"server.connections_per_address", &Settings::connections_per_address,
     "Of one address; the jobs' networks have addresses of their own."},
    {"server.requests_per_key", &Settings::requests_per_key,
     "Under way at once; over it the client is asked to slow down, which it does by itself."},
    {"server.view_cache_entries", &Settings::view_cache_entries,
     "Channel trees kept for the next job with the same data."},
};

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const SettingRow& row : kRows) keys.emplace_back(row.key);
  return keys;
}

// Stores the node in the setting's field; false when its type is another.
struct Assign {
  Settings& settings;
  const toml::node& node;

  bool operator()(std::string Settings::* field) const { return scalar(field); }
  bool operator()(bool Settings::* field) const { return scalar(field); }
  bool operator()(std::int64_t Settings::* field) const { return scalar(field); }
  bool operator()(std::vector<std::string> Settings::* field) const {
    const toml::array* array = node.as_array();
    if (array == nullptr) return false;
    std::vector<std::string> texts;
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return false;
      texts.push_back(*text);
    }
    settings.*field = std::move(texts);
    return true;
  }

  bool operator()(std::map<std::string, std::string> Settings::* field) const {
    const toml::table* table = node.as_table();
    if (table == nullptr) return false;
    std::map<std::string, std::string> texts;
    for (const auto& [name, element] : *table) {
      const auto text = element.value_exact<std::string>();
      if (!text) return false;
      texts.emplace(name.str(), *text);
    }
    settings.*field = std::move(texts);
    return true;
  }

 private:
  template <typename T>
  bool scalar(T Settings::* field) const {
    const auto value = node.value_exact<T>();
    if (value) settings.*field = *value;
    return value.has_value();
  }
};

const char* type_name(const Field& field) {
  constexpr const char* kNames[] = {"a string", "true or false", "a whole number",
                                    "a list of strings", "a table of strings"};
  return kNames[field.index()];
}

// "server.listem" is nearer to "listen" than its letters say: it stands in the wrong table.
std::optional<std::string> nearest_setting(const std::string& key,
                                           const std::vector<std::string>& keys) {
  if (const auto near = nearest(key, keys)) return near;
  std::vector<std::string> groups;
  for (const std::string& name : keys) {
    const std::size_t dot = name.find('.');
    if (dot != std::string::npos) groups.push_back(name.substr(0, dot));
  }
  if (const auto near = nearest(key, groups)) return near;
  const auto last_part = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  std::vector<std::string> parts;
  for (const std::string& name : keys) parts.push_back(last_part(name));
  const auto near = nearest(last_part(key), parts);
  if (!near) return std::nullopt;
  return keys[static_cast<std::size_t>(std::ranges::find(parts, *near) - parts.begin())];
}

Status apply_table(const std::string& path, const toml::table& table, const std::string& prefix,
                   Settings& settings) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const auto line = node.source().begin.line;
    const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                  [&](const SettingRow& r) { return key == r.key; });
    if (row == std::end(kRows)) {
      const std::vector<std::string> keys = known_keys();
      const bool is_group = std::any_of(
          keys.begin(), keys.end(), [&](const std::string& k) { return k.starts_with(key + "."); });
      if (is_group && node.is_table()) {
        CLARY_RETURN_IF_ERROR(apply_table(path, *node.as_table(), key + ".", settings));
        continue;
      }
      const auto near = nearest_setting(key, keys);
      return invalid_argument(fmt::format("{}:{}: no setting is called '{}'{}", path, line, key,
                                          near ? fmt::format("; did you mean '{}'?", *near) : ""));
    }
    settings.lines[key] = static_cast<std::int64_t>(line);
    if (!std::visit(Assign{settings, node}, row->field)) {
      return invalid_argument(
          fmt::format("{}:{}: '{}' must be {}", path, line, key, type_name(row->field)));
    }
  }
  return {};
}

struct Printed {
  const Settings& settings;
  std::string operator()(std::string Settings::* field) const {
    return fmt::format("\"{}\"", settings.*field);
  }
  std::string operator()(bool Settings::* field) const {
    return settings.*field ? "true" : "false";
  }
  std::string operator()(std::int64_t Settings::* field) const {
    return std::to_string(settings.*field);
  }
  std::string operator()(std::vector<std::string> Settings::* field) const {
    std::string text = "[";
    for (const std::string& element : settings.*field)
      text += (text.size() > 1 ? ", \"" : "\"") + element + "\"";
    return text + "]";
  }
  std::string operator()(std::map<std::string, std::string> Settings::* field) const {
    std::string text = "{";
    for (const auto& [name, value] : settings.*field)
      text += fmt::format("{}\"{}\" = \"{}\"", text.size() > 1 ? ", " : " ", name, value);
    return text.size() > 1 ? text + " }" : "{}";
  }
};

}  // namespace

std::string settings_file(const std::string& data, const std::string& chosen) {
  if (!chosen.empty()) return chosen;
  std::string in_data = path_join(data, "clary.toml");
  return exists(in_data) ? in_data : "";
}

Result<Settings> settings_of_server(const std::string& data, std::string chosen) {
  const std::string record = path_join(data, "server.json");
  if (const auto text = read_file(record, 1 << 16); chosen.empty() && text.ok()) {
    CLARY_TRY(const Document running, parse_json(*text));
    chosen = running.string_or("config", "");
  }
  Settings settings;
  settings.data = data;
  const std::string file = settings_file(data, chosen);
  if (!file.empty()) CLARY_RETURN_IF_ERROR(read_settings_file(file, settings));
  CLARY_RETURN_IF_ERROR(check_settings(settings));
  return settings;
}

std::optional<std::uint64_t> parse_byte_count(std::string_view text) {
  constexpr std::pair<std::string_view, unsigned> kUnits[] = {
      {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  unsigned shift = 0;
  for (const auto& [unit, bits] : kUnits) {
    if (!text.ends_with(unit)) continue;
    text = trim(text.substr(0, text.size() - unit.size()));
    shift = bits;
    break;
  }
  const std::optional<std::int64_t> number = parse_int(text);
  if (!number || *number < 0 || *number > (std::int64_t{1} << (62 - shift))) return std::nullopt;
  return static_cast<std::uint64_t>(*number) << shift;
}

Status read_settings_file(const std::string& path, Settings& settings) {
  settings.file = path;
  CLARY_TRY(const std::string text, read_file(path, 1 << 20));
  return read_settings_text(text, path, settings);
}

Status read_settings_text(std::string_view text, const std::string& path, Settings& settings) {
  if (const auto line = line_of_stray_letter(text)) {
    return invalid_argument(
        fmt::format("{}:{}: a letter beyond ASCII stands outside of quotes", path, *line));
  }
  try {
    const toml::table table = toml::parse(text, path);
    return apply_table(path, table, "", settings);
  } catch (const toml::parse_error& failure) {
    return invalid_argument(
        fmt::format("{}:{}: {}", path, failure.source().begin.line, failure.description()));
  } catch (const std::logic_error&) {
    return invalid_argument(fmt::format("{}: the file is not well-formed", path));
  }
}

std::string documented_settings() {
  const Settings defaults;
  std::string text = "# clary.toml: every setting with its default.\n";
  std::string group;
  for (const SettingRow& row : kRows) {
    const std::string key = row.key;
    const std::size_t dot = key.find('.');
    const std::string row_group = dot == std::string::npos ? "" : key.substr(0, dot);
    if (row_group != group) text += fmt::format("\n[{}]\n", row_group);
    group = row_group;
    text += fmt::format("# {}\n{} = {}\n", row.meaning,
                        dot == std::string::npos ? key : key.substr(dot + 1),
                        std::visit(Printed{defaults}, row.field));
  }
  return text;
}

}  // namespace clary::apps
