#include "runtime/serving_socket.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/files.h"

namespace clary::runtime {

std::string serving_socket_path(const GangFolders& folders, const GangId& gang,
                                std::string_view host) {
  return path_join(path_join(folders.folder(gang), host), "serve/serve.sock");
}

Result<ServingSocket> ServingSocket::open(const std::string& path) {
  CLARY_TRY(Fd socket, open_file(path, O_PATH | O_NOFOLLOW));
  struct stat found{};
  if (::fstat(socket.get(), &found) != 0) return system_error("look at '" + path + "'");
  if (!S_ISSOCK(found.st_mode)) return invalid_argument("'" + path + "' is no socket");
  return ServingSocket(std::move(socket));
}

std::string ServingSocket::address() const {
  return "unix:/proc/self/fd/" + std::to_string(socket_.get());
}

}  // namespace clary::runtime
