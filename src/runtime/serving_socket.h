// Where the model server of a serving job listens, and how this process reaches it.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/names.h"
#include "base/result.h"
#include "runtime/gang_folder.h"

namespace clary::runtime {

// <data>/gangs/<gang>/<host>/serve/serve.sock, as this process sees it. The folder is the job's
// own: its processes may put there what they like.
std::string serving_socket_path(const GangFolders& folders, const GangId& gang,
                                std::string_view host = hostlink::kFirstHost);

// A model server's socket, held by a descriptor: its address is short, however long its path is
// (sun_path has 107 bytes), and stays that of the same socket. Movable; const calls by any thread.
class ServingSocket {
 public:
  // NotFound: it is not there, yet or any more. InvalidArgument: what stands there is no socket; a
  // symbolic link is not followed.
  static Result<ServingSocket> open(const std::string& path);
  // For net::Client::create: "unix:/proc/self/fd/17". Good while this object lives.
  std::string address() const;

 private:
  explicit ServingSocket(Fd socket) : socket_(std::move(socket)) {}
  Fd socket_;
};

}  // namespace clary::runtime
