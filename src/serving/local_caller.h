// Who may ask a server on loopback: a program of this machine, but no page in somebody's browser,
// which can reach 127.0.0.1 too. Pure.
#pragma once

#include <optional>
#include <string>

#include "net/http.h"

namespace clary::serving {

// Why the request is refused: its Host is not loopback (a name that was bound to 127.0.0.1), or it
// comes from a page of another origin. Nothing: it may ask.
std::optional<std::string> foreign_caller(const net::RequestHead& head);

// Whether an address to listen on is of this machine only: "127.0.0.1:8080", "[::1]:0",
// "localhost:80", "unix:/path".
bool is_local_address(const std::string& address);

}  // namespace clary::serving
