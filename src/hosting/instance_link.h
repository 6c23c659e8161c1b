// InstanceLink: the way to one container of one instance: its HTTP server on a Unix socket.
//
// Implementations: make_socket_link, FakeInstanceLink. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "hosting/instance_places.h"
#include "net/client.h"

namespace clary::hosting {

class InstanceLink {
 public:
  virtual ~InstanceLink() = default;
  // Sends it once at most. Unavailable: the container has not read it, so that another may be
  // asked; Internal: it broke off after that; Timeout; LimitExceeded: its answer is too large.
  virtual Result<net::ClientReply> send(const net::ClientRequest& request, Duration limit) = 0;
  // Likewise, but returns once the answer has begun. limit: until then, and from piece to piece.
  // The link outlives the body.
  virtual Result<net::ClientStream> open(const net::ClientRequest& request, Duration limit) = 0;
};

// With connections that are kept.
Result<std::unique_ptr<InstanceLink>> make_socket_link(InstancePlace place);

}  // namespace clary::hosting
