// One connection of a client: bytes to the server and back, plain or by TLS.
//
// Used by one thread at a time. Errors: Timeout when no byte moved for io_timeout, Unavailable when
// the connection breaks, Denied for a fault of TLS (a certificate that is not trusted).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "net/tls.h"

namespace clary::net {

class ClientLink {
 public:
  // tls: null for plain; of `socket`, which is connected and does not block.
  ClientLink(Fd socket, std::unique_ptr<TlsSession> tls, Duration io_timeout)
      : socket_(std::move(socket)), tls_(std::move(tls)), io_timeout_(io_timeout) {}

  void set_io_timeout(Duration io_timeout) { io_timeout_ = io_timeout; }

  // To shut down from another thread: what waits for it fails, or sees its end.
  int socket() const { return socket_.get(); }

  enum class Sent {
    kWhole,
    kAnswered,  // bytes of the server came first: the rest was not sent
  };
  // Both, one behind the other.
  Result<Sent> send(std::string_view first, std::string_view second);
  // Appends what has arrived; false at the server's end.
  Result<bool> receive(std::string& input);
  // True when the server has closed the idle connection, or has sent what nobody asked for.
  bool is_stale() const;

 private:
  Result<Sent> send_plain(std::string_view first, std::string_view second);
  Result<Sent> send_by_tls(std::string_view bytes);
  Result<bool> receive_plain(std::string& input);
  Result<bool> receive_by_tls(std::string& input);
  // Until more can be sent; kAnswered when there is something to read instead.
  Result<Sent> wait_to_send();
  Error fault() const;

  Fd socket_;
  std::unique_ptr<TlsSession> tls_;  // ends before its socket does
  Duration io_timeout_;
};

}  // namespace clary::net
