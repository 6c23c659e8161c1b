#include "hosting/instance_link.h"

#include <utility>

namespace clary::hosting {
namespace {

// Calls under way to one container, beyond which each has a connection of its own.
constexpr std::size_t kKeptConnections = 256;
constexpr std::uint64_t kAnswerBytes = std::uint64_t{256} << 20;

class SocketLink final : public InstanceLink {
 public:
  SocketLink(InstancePlace place, std::unique_ptr<net::Client> client)
      : place_(std::move(place)), client_(std::move(client)) {}
  Result<net::ClientReply> send(const net::ClientRequest& request, Duration limit) override {
    return client_->send_once(request, limit);
  }
  Result<net::ClientStream> open(const net::ClientRequest& request, Duration limit) override {
    return client_->open_once(request, limit);
  }

 private:
  InstancePlace place_;
  std::unique_ptr<net::Client> client_;
};

}  // namespace

Result<std::unique_ptr<InstanceLink>> make_socket_link(InstancePlace place) {
  CLARY_TRY(auto client,
            net::Client::create(place.address, {.body_limit_bytes = kAnswerBytes,
                                                .kept_connections = kKeptConnections}));
  return std::unique_ptr<InstanceLink>(
      std::make_unique<SocketLink>(std::move(place), std::move(client)));
}

}  // namespace clary::hosting
