// A blocking HTTP/1.1 client with kept connections: for the command line, job hosts and remote
// object stores.
//
// Thread-safe; each call borrows or opens a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::net {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";      // percent-encoded
  Headers headers;               // Host and Content-Length are added
  std::string body;              // used when `source` is null
  ByteSource* source = nullptr;  // streamed; needs source_length
  std::uint64_t source_length = 0;
};

struct ClientReply {
  int status = 0;
  std::string reason;
  Headers headers;
  std::string body;  // empty when a sink took it
};

// A reply whose body is read as it comes. The client outlives it.
struct ClientStream {
  ClientReply head;  // without its body
  // read() waits for the server; Timeout, or Internal where it broke off. Destroyed before its end:
  // the connection is closed.
  std::unique_ptr<ByteSource> body;
};

struct ClientOptions {
  Duration connect_timeout = std::chrono::seconds(5);
  Duration io_timeout = std::chrono::seconds(60);  // no byte moved for so long
  std::uint64_t body_limit_bytes = 64ULL << 20;    // of a reply kept in memory
  std::string ca_file = {};  // for https: PEM of whom to trust; "": the machine's authorities
  std::size_t kept_connections = 16;
};

class Client {
 public:
  // endpoint: "http://127.0.0.1:4580", "https://host:443" or "unix:/path/to.sock".
  static Result<std::unique_ptr<Client>> create(const std::string& endpoint,
                                                ClientOptions options = {});
  ~Client();

  // Denied when the server's certificate is not trusted.
  // Unavailable when the server cannot be reached or the connection breaks, Timeout when it does
  // not answer. A status of 4xx or 5xx is a reply, not an error. A request on a kept connection
  // that the server closed meanwhile is sent again once, unless its body is streamed and was
  // already begun. body_sink: gets the body of a 2xx reply piece by piece; an error of it ends the
  // call.
  Result<ClientReply> send(const ClientRequest& request,
                           const std::function<Status(std::string_view)>& body_sink = {});
  // For requests that must not be carried out twice, to a server on a Unix socket, whose end tells
  // whether it had read what was sent. limit: of all of it; instead of io_timeout.
  // Unavailable: the server has not read all of the request, so that another may be asked;
  // Internal: it had, and broke off; Timeout.
  Result<ClientReply> send_once(const ClientRequest& request, Duration limit);
  // Likewise, but returns once the reply's head is there. limit: of that, and then of the time
  // without a byte of the body.
  Result<ClientStream> open_once(const ClientRequest& request, Duration limit);
  // Ends the exchanges of send_once() and open_once() under way, bodies that are still read
  // included: they fail. Lets none begin any more.
  void abort();
  const std::string& host() const;  // for the Host field: "127.0.0.1:4580"

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clary::net
