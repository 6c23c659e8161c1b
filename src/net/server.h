// The HTTP/1.1 server: one event loop that owns every socket, bounded pools that run the handlers.
//
// The loop never waits for a disk and no pool thread ever waits for a client's bytes: a body is
// read on the loop and handed to the sink piece by piece, the next piece only when the last has
// been taken; a reply's source is read on the pool and sent on the loop. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/logger.h"
#include "base/result.h"
#include "net/http.h"
#include "net/tls.h"

namespace clary::net {

// The name of the machine's own listening socket: Origin.listener of what arrives there.
inline constexpr const char* kMainListener = "main";

struct ServerLimits {
  std::size_t head_bytes = 64 << 10;  // request line and fields: over it 431
  // Over it a connection is answered 503 at once, and closed. Bounded by the process's descriptors.
  std::size_t connections = 16'384;
  std::size_t connections_per_peer = 12'288;  // of one address on one listener; over it likewise
  std::size_t handler_threads = 4;
  std::size_t waiting_threads = 64;  // more, while handlers wait for a disk (LentPlace)
  std::size_t handler_queue = 1024;  // over it Handler::overloaded() at once
  Duration head_timeout = std::chrono::seconds(60);  // idle connection, or a head that does not end
  Duration body_timeout = std::chrono::seconds(120);  // no byte of a body arrived or left
};

// Counters since the start, for /metrics.
struct ServerCounters {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class Server {
 public:
  // handler and logger outlive the server.
  Server(Handler& handler, const Logger& logger, ServerLimits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // stop()

  // Binds and listens. address: "127.0.0.1:4580", "[::1]:4580", "127.0.0.1:0". Returns the bound
  // address. AlreadyExists when the port is in use.
  Result<std::string> listen(const std::string& address,
                             const std::string& listener_name = kMainListener);
  // Serves a listening socket made elsewhere (in a job's network). Returns an id for
  // close_listener. tls: its connections speak TLS; null: plain.
  Result<std::uint64_t> adopt(Fd listening, const std::string& listener_name,
                              std::shared_ptr<TlsServer> tls = nullptr);
  void close_listener(std::uint64_t id);

  // Stops accepting, lets running requests end for at most `grace`, then closes everything and
  // joins. on_overdue: told once when the grace is over and some still run, to end what they wait
  // for.
  void stop(
      Duration grace = std::chrono::seconds(5), const std::function<void()>& on_overdue = [] {});
  ServerCounters counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clary::net
