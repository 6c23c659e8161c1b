// ModelLink: the way from a host to the model server in its sandbox: HTTP on a Unix socket.
//
// Implementations: connect_to_model, that of TransformHost in tests. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/client.h"

namespace clary::host {

class ModelLink {
 public:
  virtual ~ModelLink() = default;
  // Sends it once. limit: of all of it. Timeout; LimitExceeded: the answer is too large;
  // any other error: the model server is not there, or broke off.
  virtual Result<net::ClientReply> send(const net::ClientRequest& request, Duration limit) = 0;
};

// socket: in a folder where the job's processes may put what they like, so no symbolic link is
// followed. NotFound: nothing is there yet. InvalidArgument: it is no socket.
Result<std::unique_ptr<ModelLink>> connect_to_model(const std::string& socket);

}  // namespace clary::host
