#include "compute/netlink.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace clary::compute {

// A request under construction: header, family header, attributes, nested ones included.
class Netlink::Message {
 public:
  template <typename Family>
  Message(int type, int flags, const Family& family) {
    nlmsghdr header{};
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&header, sizeof header);
    append(&family, sizeof family);
  }

  void attribute(int type, const void* bytes, std::size_t size) {
    rtattr head{};
    head.rta_type = static_cast<std::uint16_t>(type);
    head.rta_len = static_cast<std::uint16_t>(sizeof head + size);
    append(&head, sizeof head);
    append(bytes, size);
  }
  void attribute(int type, std::string_view text) {
    const std::string ended(text);
    attribute(type, ended.c_str(), ended.size() + 1);
  }
  // Between begin() and end(), attributes are inside this one. Returns its place, for end().
  std::size_t begin(int type) {
    const std::size_t place = text_.size();
    attribute(type, nullptr, 0);
    return place;
  }
  template <typename Family>
  std::size_t begin(int type, const Family& family) {
    const std::size_t place = begin(type);
    append(&family, sizeof family);
    return place;
  }
  void end(std::size_t place) {
    const auto size = static_cast<std::uint16_t>(text_.size() - place);
    std::memcpy(text_.data() + place + offsetof(rtattr, rta_len), &size, sizeof size);
  }

  const std::string& finish(std::uint32_t sequence) {
    const auto size = static_cast<std::uint32_t>(text_.size());
    std::memcpy(text_.data() + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
    std::memcpy(text_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    return text_;
  }

 private:
  // Everything is aligned to four bytes.
  void append(const void* bytes, std::size_t size) {
    if (size > 0) text_.append(static_cast<const char*>(bytes), size);
    text_.append((4 - text_.size() % 4) % 4, '\0');
  }

  std::string text_;
};

Result<Netlink> Netlink::open() {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return system_error("open a netlink socket");
  return Netlink(std::move(socket));
}

Status Netlink::send(Message& message, const std::string& what) {
  const std::string& request = message.finish(++sequence_);
  if (::send(socket_.get(), request.data(), request.size(), 0) < 0) return system_error(what);
  alignas(nlmsghdr) char answer[4096];
  const ssize_t got = ::recv(socket_.get(), answer, sizeof answer, 0);
  if (got < 0) return system_error(what);
  nlmsghdr header{};
  nlmsgerr outcome{};
  if (static_cast<std::size_t>(got) < sizeof header + sizeof outcome)
    return internal_error(what + ": a short answer");
  std::memcpy(&header, answer, sizeof header);
  std::memcpy(&outcome, answer + sizeof header, sizeof outcome);
  if (header.nlmsg_type != NLMSG_ERROR) return internal_error(what + ": an answer of another kind");
  if (outcome.error != 0) return system_error(what, -outcome.error);
  return {};
}

Status Netlink::make_pair(const std::string& name, const std::string& peer) {
  const ifinfomsg any{};
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, any);
  message.attribute(IFLA_IFNAME, name);
  const std::size_t link = message.begin(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, "veth");
  const std::size_t data = message.begin(IFLA_INFO_DATA);
  const std::size_t other = message.begin(VETH_INFO_PEER, any);
  message.attribute(IFLA_IFNAME, peer);
  message.end(other);
  message.end(data);
  message.end(link);
  return send(message, "make the network device " + name);
}

Status Netlink::set_up(const std::string& device) {
  ifinfomsg link{};
  link.ifi_index = static_cast<int>(::if_nametoindex(device.c_str()));
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, 0, link);
  return send(message, "set the network device " + device + " up");
}

Status Netlink::add_address(const std::string& device, const Ipv4& address) {
  ifaddrmsg head{};
  head.ifa_family = AF_INET;
  head.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  head.ifa_index = ::if_nametoindex(device.c_str());
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, head);
  message.attribute(IFA_LOCAL, address.bytes, sizeof address.bytes);
  message.attribute(IFA_ADDRESS, address.bytes, sizeof address.bytes);
  return send(message, "give the network device " + device + " its address");
}

Status Netlink::make_unreachable(const Ipv4& network) {
  rtmsg head{};
  head.rtm_family = AF_INET;
  head.rtm_dst_len = static_cast<std::uint8_t>(network.prefix_length);
  head.rtm_table = RT_TABLE_MAIN;
  head.rtm_protocol = RTPROT_STATIC;
  head.rtm_scope = RT_SCOPE_UNIVERSE;
  head.rtm_type = RTN_UNREACHABLE;
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, head);
  message.attribute(RTA_DST, network.bytes, sizeof network.bytes);
  return send(message, "make a network unreachable");
}

}  // namespace clary::compute
