#include "cli/server_record.h"

#include <fcntl.h>
#include <sys/file.h>

#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "net/client.h"

namespace clary::cli {

namespace {
constexpr Duration kAnswerPatience = std::chrono::seconds(1);  // with a server on this machine

Error no_server(const std::string& data_folder) {
  return unavailable("no server is running on data directory '" + data_folder +
                     "': start one with `clary up`");
}
}  // namespace

Result<ServerRecord> read_server_record(const std::string& data_folder) {
  const auto text = read_file(path_join(data_folder, "server.json"), 1 << 16);
  if (!text.ok()) return no_server(data_folder);
  CLARY_TRY(const Document document, parse_json(*text));
  ServerRecord record;
  record.address = document.string_or("address", "");
  record.pid = static_cast<pid_t>(document.int_or("pid", 0));
  record.region = document.string_or("region", record.region);
  record.scheme = document.string_or("scheme", record.scheme);
  record.ca_file = document.string_or("ca_file", "");
  record.listen = document.string_or("listen", record.address);
  record.config = document.string_or("config", "");
  if (record.address.empty())
    return internal_error("'" + data_folder + "/server.json' names no address");
  return record;
}

Result<ServerRecord> running_server(const std::string& data_folder) {
  if (!lock_holder(data_folder)) return no_server(data_folder);
  return read_server_record(data_folder);
}

std::optional<pid_t> lock_holder(const std::string& data_folder) {
  const std::string path = path_join(data_folder, "lock");
  const auto lock = open_file(path, O_RDONLY);
  if (!lock.ok()) return std::nullopt;
  // Shared, so that two commands at once do not take each other for a server.
  if (::flock(lock->get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  const std::string text = read_file(path, 64).value_or("");
  return static_cast<pid_t>(parse_int(trim(text)).value_or(0));
}

bool is_ready(const ServerRecord& server) {
  const auto client = net::Client::create(server.endpoint(), {.connect_timeout = kAnswerPatience,
                                                              .io_timeout = kAnswerPatience,
                                                              .ca_file = server.ca_file});
  if (!client.ok()) return false;
  const auto reply = (*client)->send({.target = "/readyz"});
  return reply.ok() && reply->status == 200;
}

}  // namespace clary::cli
