// The running server of a data directory: where it listens and who it is, out of
// <data>/server.json.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"

namespace clary::cli {

struct ServerRecord {
  std::string address;  // "127.0.0.1:4580"
  pid_t pid = 0;
  std::string region = "us-east-1";
  std::string scheme = "http";
  std::string ca_file;  // whom to trust, when it is https
  std::string listen;   // what it is bound to: "0.0.0.0:4580" where clients here take loopback
  std::string config;   // the clary.toml that it has read; "": none
  std::string endpoint() const { return scheme + "://" + address; }
};

// Unavailable when no server has written one, with the command that starts it.
Result<ServerRecord> read_server_record(const std::string& data_folder);

// The same for a server that runs: Unavailable also where one was killed and has left its record.
Result<ServerRecord> running_server(const std::string& data_folder);

// The process that holds <data>/lock: a server is running or starting there. Nothing when nobody
// does.
std::optional<pid_t> lock_holder(const std::string& data_folder);

// How long to wait between two looks at a server that starts or stops.
inline constexpr std::chrono::milliseconds kLookAgain{20};

// Whether the server answers /readyz with 200 within a second.
bool is_ready(const ServerRecord& server);

}  // namespace clary::cli
