#include "host/model_link.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "base/files.h"

namespace clary::host {
namespace {

constexpr std::size_t kModelConnections = 256;  // kept
constexpr std::uint64_t kModelAnswerBytes = std::uint64_t{1} << 30;

class SocketModelLink final : public ModelLink {
 public:
  SocketModelLink(Fd socket, std::unique_ptr<net::Client> client)
      : socket_(std::move(socket)), client_(std::move(client)) {}
  Result<net::ClientReply> send(const net::ClientRequest& request, Duration limit) override {
    return client_->send_once(request, limit);
  }

 private:
  Fd socket_;  // keeps the address good
  std::unique_ptr<net::Client> client_;
};

}  // namespace

Result<std::unique_ptr<ModelLink>> connect_to_model(const std::string& socket) {
  CLARY_TRY(Fd held, open_file(socket, O_PATH | O_NOFOLLOW));
  struct stat found{};
  if (::fstat(held.get(), &found) != 0) return system_error("look at '" + socket + "'");
  if (!S_ISSOCK(found.st_mode)) return invalid_argument("'" + socket + "' is no socket");
  // An address that is short, however long the path is: sun_path has 107 bytes.
  const std::string address = "unix:/proc/self/fd/" + std::to_string(held.get());
  CLARY_TRY(std::unique_ptr<net::Client> client,
            net::Client::create(address, {.body_limit_bytes = kModelAnswerBytes,
                                          .kept_connections = kModelConnections}));
  return std::unique_ptr<ModelLink>(
      std::make_unique<SocketModelLink>(std::move(held), std::move(client)));
}

}  // namespace clary::host
