// Settings of `clary serve`: the defaults, clary.toml over them, the command line over both.
//
// clary.toml is read once, at start. A key that is not in the table is refused, with the nearest
// name that is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace clary::apps {

struct Settings {
  std::string data;  // absolute path of the data directory
  std::string file;  // what was read over the defaults; "": nothing
  // Of what the file sets, and nothing has replaced since: "jobs.uid" → the line where it stands.
  std::map<std::string, std::int64_t> lines;
  std::string listen = "127.0.0.1:4580";
  std::string region = "us-east-1";      // of `clary env`; requests may name any
  std::string account = "000000000000";  // twelve digits
  std::string access_key;                // a chosen key pair; "": made at first start
  std::string secret_key;
  std::vector<std::string>
      allowed_hosts;  // names, besides localhost, for which Clary's own pages open
  bool allow_reset = false;
  std::string metadata;  // postgresql://...; "": SQLite, in the data directory

  bool tls_own = false;  // a certificate of an authority of one's own
  std::string tls_cert;  // PEM, the chain; with tls_key
  std::string tls_key;
  std::string tls_ca;  // PEM of who signed tls_cert, where that is nobody whom clients know
  bool uses_tls() const { return tls_own || !tls_cert.empty(); }

  std::string sandbox = "bubblewrap";  // or "process"
  std::string network = "namespace";   // or "host"
  std::int64_t job_uid = 65534;        // who the users' processes are when the server is root
  bool credentials_as_variables = false;
  std::int64_t stop_grace_seconds = 120;
  bool limit_cpus = true;          // to as many cores as the instance type has
  std::int64_t overcommit = 1;     // so many times the machine's cores and memory are given out
  std::int64_t max_processes = 0;  // of a job; 0: not limited
  std::int64_t max_disk_gib = 0;
  std::int64_t max_log_lines = 0;
  std::int64_t kept_days = 7;  // what a job made and could not upload
  std::int64_t kept_gib = 20;
  std::uint64_t kept_bytes() const { return static_cast<std::uint64_t>(kept_gib) << 30U; }

  std::int64_t serverless_idle_seconds = 300;

  std::map<std::string, std::string> filesystems;  // id → absolute folder of this machine

  std::string
      default_environment;  // name or interpreter path; "": $VIRTUAL_ENV, else python3 on PATH
  bool strict_versions = false;

  std::int64_t scaling_period_seconds = 60;  // over which scaling looks at a metric

  std::string objects_location;  // "s3://bucket/prefix"; "": the data directory
  std::string objects_endpoint;  // of that S3; "": AWS's of objects_region
  std::string objects_region = "us-east-1";
  std::string objects_profile;
  std::string objects_ca;
  bool objects_bucket_in_host = false;

  std::vector<std::string> s3_domains = {"s3.localhost", "localhost"};
  std::int64_t lifecycle_interval_seconds = 3600;
  std::map<std::string, std::string> s3_quotas;  // bucket → "10 GiB"
  std::vector<std::string> hook_command;         // argv
  std::string hook_url;
  std::string hook_ca;  // PEM

  std::int64_t handler_threads = 4;
  std::int64_t connections = 16'384;
  std::int64_t connections_per_address = 12'288;
  std::int64_t requests_per_key = 2048;
  std::int64_t view_cache_entries = 32;  // channel trees kept
  std::string log_level = "info";
};

// Where the settings of a data directory stand: `chosen`, else <data>/clary.toml, else nowhere
// ("").
std::string settings_file(const std::string& data, const std::string& chosen);
// The settings of the server of a data directory, for commands beside it: `chosen`, else a running
// server's file, else settings_file(). Checked.
Result<Settings> settings_of_server(const std::string& data, std::string chosen = {});

// "10 GiB", "500 MiB", "1000": bytes. Nothing: no such number.
std::optional<std::uint64_t> parse_byte_count(std::string_view text);

// Reads clary.toml over `settings`. InvalidArgument names the file, the line and the key.
Status read_settings_file(const std::string& path, Settings& settings);
// The same of a text; path: what it is called in errors.
Status read_settings_text(std::string_view text, const std::string& path, Settings& settings);
// Checks values against each other and their ranges; makes `data` absolute. InvalidArgument names
// the key, and file and line where it stands in one.
Status check_settings(Settings& settings);
// InvalidArgument: the key, and file and line where it stands in one.
Error setting_error(const Settings& settings, const std::string& key, const std::string& sentence);
// clary.toml with every setting, its meaning and its default: `clary serve --print-config`.
std::string documented_settings();

}  // namespace clary::apps
