// rtnetlink, as little of it as the networks of jobs need (rtnetlink(7)). In the calling thread's
// network namespace.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace clary::compute {

struct Ipv4 {
  std::uint8_t bytes[4] = {0, 0, 0, 0};
  int prefix_length = 32;
};

// One conversation with the kernel. One thread at a time.
class Netlink {
 public:
  static Result<Netlink> open();

  // A pair of virtual Ethernet devices, both in this namespace, both down.
  Status make_pair(const std::string& name, const std::string& peer);
  Status set_up(const std::string& device);
  Status add_address(const std::string& device, const Ipv4& address);
  // Packets to there are refused at once.
  Status make_unreachable(const Ipv4& network);

 private:
  explicit Netlink(Fd socket) : socket_(std::move(socket)) {}
  class Message;
  Status send(Message& message, const std::string& what);

  Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace clary::compute
