// Stream sockets of the kernel: addresses, listening, connecting. Blocking where it says so; no
// state.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace clary::net {

// A non-blocking, close-on-exec listening socket. address: "127.0.0.1:4580", "[::1]:0",
// "localhost:4580", "unix:/path". InvalidArgument when it cannot be read, AlreadyExists when the
// port is in use. The file of a Unix socket that nobody listens on any more gives way.
Result<Fd> listen_on(const std::string& address);

// Removes the file of "unix:/path" where it is a socket that nobody listens on. Whether it did.
bool remove_dead_socket(const std::string& address);

// A connected, non-blocking socket. Waits at most `timeout`. Unavailable when nobody listens there,
// Timeout when nobody answers.
Result<Fd> connect_to(const std::string& address, Duration timeout);

// Of the socket's own end and of its peer: "127.0.0.1:4580", "[::1]:4580", "unix:/path", or "unix"
// for one without a name.
Result<std::string> bound_address(const Fd& socket);
std::string peer_address(int socket);

// Sends small writes at once (TCP_NODELAY); other families have no such delay.
void send_small_writes_at_once(int socket);

// Waits until the socket is ready for `events` (of poll(2)); returns the ready ones. Timeout after
// `timeout`.
Result<short> wait_ready(int socket, short events, Duration timeout);

}  // namespace clary::net
