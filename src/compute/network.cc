#include "compute/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>

#include "base/files.h"
#include "base/pipe.h"
#include "base/strings.h"
#include "compute/launch.h"
#include "compute/netlink.h"
#include "compute/outcome_message.h"
#include "compute/programs.h"
#include "compute/user_namespace.h"

namespace clary::compute {
namespace {

constexpr Ipv4 kLinkLocal{{169, 254, 0, 0}, 16};  // clouds' metadata addresses
constexpr Ipv4 kSlirpGateway{{10, 0, 2, 2}, 32};
constexpr Duration kMakeNetworkTimeout = std::chrono::seconds(10);
constexpr Duration kSlirpTimeout = std::chrono::seconds(5);

Ipv4 address_of(int index) { return {{10, 77, 0, static_cast<std::uint8_t>(index)}, 24}; }

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
  Result<Fd> outcome = receive_outcome(here.get(), "make a job's network", kMakeNetworkTimeout);
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
  Fd slirp_ready;  // valid while it starts
  Child slirp;
  std::vector<std::string> lacks;

  Status make(const NetworkSpec& spec);
  Status start_slirp();
  Status await_slirp();
  void no_way_out(const Error& reason);
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
  if (!spec.way_out) return {};
  if (const Status started = start_slirp(); !started.ok()) no_way_out(started.error());
  return {};
}

// A job without a way out still runs.
void JobNetwork::State::no_way_out(const Error& reason) {
  slirp = Child();
  exit_signal.close();
  slirp_ready.close();
  const bool absent = reason.code == ErrorCode::kNotFound;
  lacks.push_back("no way out: " + (absent ? "slirp4netns is not installed; run: apt-get install "
                                             "slirp4netns"
                                           : reason.message));
}

Status JobNetwork::State::start_slirp() {
  const Fd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!tun.valid()) return system_error("/dev/net/tun");
  CLARY_TRY(Pipe ready, make_pipe());
  CLARY_TRY(Pipe exit, make_pipe());
  exit_signal = std::move(exit.writer);

  const std::string descriptors = "/proc/self/fd/";
  Launch launch;
  launch.argv = {"slirp4netns",
                 "--configure",
                 "--mtu=65520",
                 "--disable-host-loopback",
                 "--enable-sandbox",
                 "--enable-seccomp",
                 "--ready-fd=" + std::to_string(ready.writer.get()),
                 "--exit-fd=" + std::to_string(exit.reader.get()),
                 "--netns-type=path"};
  if (user_namespace.valid()) {
    launch.argv.push_back("--userns-path=" + descriptors + std::to_string(user_namespace.get()));
    launch.kept.push_back(user_namespace.get());
  }
  launch.argv.push_back(descriptors + std::to_string(network_namespace.get()));
  launch.argv.push_back("tap0");
  launch.environment = {"PATH=" + program_path()};
  launch.kept.insert(launch.kept.end(),
                     {ready.writer.get(), exit.reader.get(), network_namespace.get()});
  CLARY_TRY(slirp, Child::start(launch));
  slirp_ready = std::move(ready.reader);
  return {};
}

Status JobNetwork::State::await_slirp() {
  char word = 0;
  if (!readable_within(slirp_ready.get(), kSlirpTimeout))
    return timed_out("slirp4netns did not become ready");
  if (::read(slirp_ready.get(), &word, 1) != 1) return unavailable("slirp4netns ended at once");
  slirp_ready.close();
  CLARY_TRY(
      [[maybe_unused]] const Fd none,
      in_child([&] { return close_gateway(network_namespace.get(), user_namespace.get()); }, {}));
  return {};
}

JobNetwork::JobNetwork(std::unique_ptr<State> state) : state_(std::move(state)) {}
JobNetwork::~JobNetwork() = default;

Result<std::unique_ptr<JobNetwork>> JobNetwork::create(const NetworkSpec& spec) {
  auto state = std::make_unique<State>();
  CLARY_RETURN_IF_ERROR(state->make(spec));
  return std::unique_ptr<JobNetwork>(new JobNetwork(std::move(state)));
}

void JobNetwork::settle() {
  if (!state_->slirp_ready.valid()) return;
  if (const Status open = state_->await_slirp(); !open.ok()) state_->no_way_out(open.error());
}

int JobNetwork::network_namespace() const { return state_->network_namespace.get(); }
int JobNetwork::user_namespace() const { return state_->user_namespace.get(); }
const Fd& JobNetwork::listener() const { return state_->listening; }
std::vector<std::string> JobNetwork::lacks() const { return state_->lacks; }

}  // namespace clary::compute
