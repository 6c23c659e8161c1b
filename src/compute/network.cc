#include "compute/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>

#include "base/files.h"
#include "base/strings.h"
#include "compute/launch.h"
#include "compute/netlink.h"
#include "compute/user_namespace.h"

namespace clary::compute {
namespace {

constexpr Ipv4 kLinkLocal{{169, 254, 0, 0}, 16};  // clouds' metadata addresses
constexpr Ipv4 kSlirpGateway{{10, 0, 2, 2}, 32};
constexpr Duration kSlirpTimeout = std::chrono::seconds(5);

Ipv4 address_of(int index) { return {{10, 77, 0, static_cast<std::uint8_t>(index)}, 24}; }

// ---- between a child and this process: one message, a text and perhaps a descriptor ----

void send_outcome(int channel, std::string_view text, int descriptor) {
  iovec piece{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  }
  (void)::sendmsg(channel, &message, MSG_NOSIGNAL);
}

// The descriptor that came with "ok" (or none); else the child's sentence as an error.
Result<Fd> receive_outcome(int channel) {
  std::array<char, 512> text{};
  iovec piece{text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  while ((got = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got <= 0) return internal_error("make a job's network: the process that makes it ended");
  Fd descriptor;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(head), sizeof number);
    descriptor = Fd(number);
  }
  const std::string_view said(text.data(), static_cast<std::size_t>(got));
  if (said != "ok") return denied("make a job's network: " + std::string(said));
  return descriptor;
}

// ---- in the child, which has one thread ----

Result<Fd> listen_at(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in place{};
  place.sin_family = AF_INET;
  const auto port =
      colon == std::string::npos ? std::nullopt : parse_int(address.substr(colon + 1));
  if (!port || *port <= 0 || *port > 65535 ||
      ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &place.sin_addr) != 1) {
    return invalid_argument("'" + address + "' is not an IPv4 address with a port");
  }
  place.sin_port = htons(static_cast<std::uint16_t>(*port));
  Fd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listening.valid()) return system_error("make a socket");
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {
    return system_error("bind " + address);
  }
  if (::listen(listening.get(), 512) != 0) return system_error("listen at " + address);
  return listening;
}

Result<Fd> build_inside(const NetworkSpec& spec, int user_namespace) {
  if (user_namespace >= 0 && ::setns(user_namespace, CLONE_NEWUSER) != 0)
    return system_error("enter a user namespace");
  if (::unshare(CLONE_NEWNET) != 0) return system_error("make a network namespace");
  CLARY_TRY(Netlink netlink, Netlink::open());
  CLARY_RETURN_IF_ERROR(netlink.set_up("lo"));
  CLARY_RETURN_IF_ERROR(netlink.make_pair("eth0", "link0"));
  CLARY_RETURN_IF_ERROR(netlink.set_up("link0"));
  CLARY_RETURN_IF_ERROR(netlink.set_up("eth0"));
  CLARY_RETURN_IF_ERROR(netlink.add_address("eth0", address_of(spec.index)));
  CLARY_RETURN_IF_ERROR(netlink.make_unreachable(kLinkLocal));
  if (spec.listen_inside.empty()) return Fd();
  return listen_at(spec.listen_inside);
}

Result<Fd> close_gateway(int network_namespace, int user_namespace) {
  if (user_namespace >= 0 && ::setns(user_namespace, CLONE_NEWUSER) != 0)
    return system_error("enter a user namespace");
  if (::setns(network_namespace, CLONE_NEWNET) != 0)
    return system_error("enter a network namespace");
  CLARY_TRY(Netlink netlink, Netlink::open());
  CLARY_RETURN_IF_ERROR(netlink.make_unreachable(kSlirpGateway));
  return Fd();
}

// Runs `work` in a child, because only a process with one thread may enter a user namespace. Before
// the child ends, `before_end` may look at it.
Result<Fd> in_child(const std::function<Result<Fd>()>& work,
                    const std::function<Status(pid_t)>& before_end) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return system_error("make a socket pair");
  const Fd here(ends[0]);
  Fd there(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return system_error("fork");
  if (child == 0) {
    ::close(here.get());
    const Result<Fd> outcome = work();
    send_outcome(there.get(), outcome.ok() ? "ok" : outcome.error().message,
                 outcome.ok() ? outcome->get() : -1);
    char word = 0;
    (void)!::read(there.get(), &word, 1);  // until the other side closes
    ::_exit(0);
  }
  there.close();
  Result<Fd> outcome = receive_outcome(here.get());
  if (outcome.ok() && before_end) {
    if (const Status seen = before_end(child); !seen.ok()) outcome = seen.error();
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

}  // namespace

struct JobNetwork::State {
  Fd user_namespace;
  Fd network_namespace;
  Fd listening;
  Fd exit_signal;  // closing it ends slirp4netns
  Child slirp;
  std::vector<std::string> lacks;

  Status make(const NetworkSpec& spec);
  void open_way_out();
  Status start_slirp();
};

Status JobNetwork::State::make(const NetworkSpec& spec) {
  if (spec.index < 1 || spec.index > 254) return invalid_argument("a gang has at most 254 hosts");
  if (!is_real_root()) {
    IdMap map;
    map.outside_uid = ::geteuid();
    map.outside_gid = ::getegid();
    CLARY_TRY(user_namespace, make_user_namespace(map));
  }
  CLARY_TRY(listening,
            in_child([&] { return build_inside(spec, user_namespace.get()); },
                     [&](pid_t child) -> Status {
                       CLARY_TRY(network_namespace,
                                 open_file("/proc/" + std::to_string(child) + "/ns/net", O_RDONLY));
                       return {};
                     }));
  if (spec.way_out) open_way_out();
  return {};
}

// A job without a way out still runs.
void JobNetwork::State::open_way_out() {
  const Fd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!tun.valid()) {
    lacks.push_back(system_error("no way out: /dev/net/tun").message);
    return;
  }
  Status open = start_slirp();
  if (open.ok()) {
    const Result<Fd> closed =
        in_child([&] { return close_gateway(network_namespace.get(), user_namespace.get()); }, {});
    if (!closed.ok()) open = closed.error();
  }
  if (!open.ok()) {
    slirp = Child();
    exit_signal.close();
    lacks.push_back("no way out: " + open.error().message);
  }
}

Status JobNetwork::State::start_slirp() {
  std::array<int, 2> ready{};
  std::array<int, 2> exit{};
  if (::pipe2(ready.data(), O_CLOEXEC) != 0) return system_error("make a pipe");
  const Fd ready_reader(ready[0]);
  Fd ready_writer(ready[1]);
  if (::pipe2(exit.data(), O_CLOEXEC) != 0) return system_error("make a pipe");
  const Fd exit_reader(exit[0]);
  exit_signal = Fd(exit[1]);

  const std::string descriptors = "/proc/self/fd/";
  Launch launch;
  launch.argv = {"slirp4netns",
                 "--configure",
                 "--mtu=65520",
                 "--disable-host-loopback",
                 "--enable-sandbox",
                 "--enable-seccomp",
                 "--ready-fd=" + std::to_string(ready_writer.get()),
                 "--exit-fd=" + std::to_string(exit_reader.get()),
                 "--netns-type=path"};
  if (user_namespace.valid()) {
    launch.argv.push_back("--userns-path=" + descriptors + std::to_string(user_namespace.get()));
    launch.kept.push_back(user_namespace.get());
  }
  launch.argv.push_back(descriptors + std::to_string(network_namespace.get()));
  launch.argv.push_back("tap0");
  launch.environment = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"};
  launch.kept.insert(launch.kept.end(),
                     {ready_writer.get(), exit_reader.get(), network_namespace.get()});
  CLARY_TRY(slirp, Child::start(launch));
  ready_writer.close();

  pollfd waiting{ready_reader.get(), POLLIN, 0};
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(kSlirpTimeout);
  char word = 0;
  if (::poll(&waiting, 1, static_cast<int>(timeout.count())) <= 0)
    return timed_out("slirp4netns did not become ready");
  if (::read(ready_reader.get(), &word, 1) != 1) return unavailable("slirp4netns ended at once");
  return {};
}

JobNetwork::JobNetwork(std::unique_ptr<State> state) : state_(std::move(state)) {}
JobNetwork::~JobNetwork() = default;

Result<std::unique_ptr<JobNetwork>> JobNetwork::create(const NetworkSpec& spec) {
  auto state = std::make_unique<State>();
  CLARY_RETURN_IF_ERROR(state->make(spec));
  return std::unique_ptr<JobNetwork>(new JobNetwork(std::move(state)));
}

int JobNetwork::network_namespace() const { return state_->network_namespace.get(); }
int JobNetwork::user_namespace() const { return state_->user_namespace.get(); }
const Fd& JobNetwork::listener() const { return state_->listening; }
std::vector<std::string> JobNetwork::lacks() const { return state_->lacks; }

}  // namespace clary::compute
