#include "compute/network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

#include "compute/outcome_message.h"

namespace clary::compute {
namespace {

sockaddr_in at(const char* address, int port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &place.sin_addr);
  return place;
}

// Whether a TCP connection to there comes about within two seconds.
bool connects(const char* address, int port) {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const sockaddr_in place = at(address, port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0)
    return true;
  if (errno != EINPROGRESS) return false;
  pollfd waiting{socket.get(), POLLOUT, 0};
  if (::poll(&waiting, 1, 2000) <= 0) return false;
  int failure = 0;
  socklen_t size = sizeof failure;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
}

bool has_address(const std::string& device, const std::string& address) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return false;
  bool found = false;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET || device != one->ifa_name)
      continue;
    char text[INET_ADDRSTRLEN] = {};
    const auto* place = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    found = found || address == ::inet_ntop(AF_INET, &place->sin_addr, text, sizeof text);
  }
  ::freeifaddrs(all);
  return found;
}

// A loopback service of the machine.
class MachineService {
 public:
  MachineService() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place = at("0.0.0.0", 0);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
    socklen_t size = sizeof place;
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&place), &size), 0);
    port = ntohs(place.sin_port);
  }
  int port = 0;

 private:
  Fd socket_;
};

class NetworkTest : public ::testing::Test {
 protected:
  void make(NetworkSpec spec) {
    auto made = JobNetwork::create(spec);
    ASSERT_TRUE(made.ok()) << made.error().message;
    network = std::move(*made);
    network->settle();
  }

  // Whether `question`, asked by a process inside, is answered yes.
  bool inside(const std::function<bool()>& question) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const bool entered = (network->user_namespace() < 0 ||
                            ::setns(network->user_namespace(), CLONE_NEWUSER) == 0) &&
                           ::setns(network->network_namespace(), CLONE_NEWNET) == 0;
      ::_exit(entered ? (question() ? 0 : 1) : 2);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_NE(WEXITSTATUS(status), 2) << "the namespaces cannot be entered";
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  std::unique_ptr<JobNetwork> network;
};

TEST_F(NetworkTest, HasAnInterfaceWithTheHostsAddress) {
  make({.index = 3, .way_out = false});
  EXPECT_TRUE(inside([] { return has_address("eth0", "10.77.0.3"); }));
  EXPECT_TRUE(inside([] { return has_address("lo", "127.0.0.1"); }));
  EXPECT_FALSE(network->listener().valid());
}

TEST_F(NetworkTest, ListensInsideForAProcessOutside) {
  make({.way_out = false, .listen_inside = "127.0.0.1:4580"});
  ASSERT_TRUE(network->listener().valid());
  EXPECT_TRUE(inside([] { return connects("127.0.0.1", 4580); }));
  EXPECT_GE(::accept(network->listener().get(), nullptr, nullptr), 0);
}

TEST_F(NetworkTest, ReachesNothingOfTheMachine) {
  const MachineService service;
  ASSERT_TRUE(connects("127.0.0.1", service.port));
  for (const bool way_out : {false, true}) {
    make({.way_out = way_out});
    EXPECT_FALSE(inside([&] { return connects("127.0.0.1", service.port); }));
    EXPECT_FALSE(inside([&] { return connects("10.0.2.2", service.port); }));
    EXPECT_FALSE(inside([&] { return connects("169.254.169.254", 80); }));
  }
}

TEST_F(NetworkTest, ReachesNoOtherJob) {
  make({.way_out = false, .listen_inside = "10.77.0.1:7777"});
  const std::unique_ptr<JobNetwork> first = std::move(network);
  make({.index = 2, .way_out = false});
  EXPECT_FALSE(inside([] { return connects("10.77.0.1", 7777); }));
}

TEST_F(NetworkTest, ReachesNoAbstractSocketOfTheMachine) {
  const Fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  const std::string name = "clary-network-test-" + std::to_string(::getpid());
  std::memcpy(place.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const auto* address = reinterpret_cast<const sockaddr*>(&place);
  ASSERT_EQ(::bind(listening.get(), address, size), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  const auto reaches = [&] {
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    return ::connect(socket.get(), address, size) == 0;
  };
  make({.way_out = false});
  EXPECT_TRUE(reaches());
  EXPECT_FALSE(inside(reaches));
}

TEST_F(NetworkTest, HasAWayOutOrSaysWhyNot) {
  make({.way_out = true});
  const bool there = inside([] { return has_address("tap0", "10.0.2.100"); });
  EXPECT_EQ(there, network->lacks().empty());
  for (const std::string& lack : network->lacks())
    EXPECT_TRUE(lack.starts_with("no way out: ")) << lack;
}

TEST(OutcomeMessage, IsWaitedForOnlySoLong) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Fd here(ends[0]);
  Fd there(ends[1]);
  EXPECT_EQ(receive_outcome(here.get(), "make it", std::chrono::milliseconds(1)).error().code,
            ErrorCode::kTimeout);
  send_outcome(there.get(), "ok", there.get());
  EXPECT_TRUE(receive_outcome(here.get(), "make it", std::chrono::seconds(10)).value().valid());
  send_outcome(there.get(), "no room", -1);
  EXPECT_EQ(receive_outcome(here.get(), "make it", std::chrono::seconds(10)).error().message,
            "make it: no room");
  there.close();
  EXPECT_EQ(receive_outcome(here.get(), "make it", std::chrono::seconds(10)).error().code,
            ErrorCode::kInternal);
}

TEST_F(NetworkTest, RefusesWhatCannotBe) {
  EXPECT_FALSE(JobNetwork::create({.index = 0}).ok());
  EXPECT_FALSE(JobNetwork::create({.way_out = false, .listen_inside = "nowhere"}).ok());
}

}  // namespace
}  // namespace clary::compute
