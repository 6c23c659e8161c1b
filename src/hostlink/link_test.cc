#include "hostlink/link.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <semaphore>
#include <thread>

#include "base/files.h"
#include "hostlink/fake_receiver.h"
#include "hostlink/line_socket.h"

namespace clary::hostlink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string made = testing::TempDir() + "/link.XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
  }
  void TearDown() override {
    host_.reset();
    server_.reset();
    EXPECT_TRUE(remove_tree(folder_).ok());
  }

  std::string socket() const { return folder_ + "/hostlink.sock"; }
  std::string spool() const { return folder_ + "/spool"; }
  HostLinkOptions options() const {
    return {.socket_path = socket(),
            .gang = GangId("g1"),
            .host = "algo-1",
            .token = token_,
            .spool_path = spool()};
  }
  void start_server() {
    server_ = std::move(LinkServer::listen(socket(), receiver_, silent_logger())).value();
  }
  void start_host() { host_ = std::move(HostLink::open(options(), requests_, clock_)).value(); }
  void put_line(const std::string& line) {
    ASSERT_TRUE(
        host_->put(RecordKind::kLog, Document::object({{"lines", Document::array({line})}})).ok());
  }
  // Waits for what another thread makes the receiver see; false after ten seconds.
  bool eventually(const std::function<bool()>& what) {
    return receiver_.wait_until(what, seconds(10));
  }
  // Whether the server ends the connection; false after ten seconds.
  static bool is_ended(LineSocket& client) {
    while (wait_readable(client.fd(), -1, seconds(10))) {
      if (!client.receive().ok()) return true;
    }
    return false;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    for (const Record& record : receiver_.records()) {
      if (const Document* texts = record.body.find("lines")) {
        for (const Document& text : *texts->as_array()) out.push_back(*text.as_string());
      }
    }
    return out;
  }

  std::string folder_;
  std::string token_ = "secret";
  HostRequests requests_;
  SystemClock clock_;
  RecordingReceiver receiver_;
  std::unique_ptr<LinkServer> server_;
  std::unique_ptr<HostLink> host_;
};

TEST_F(LinkTest, CarriesRecordsInOrder) {
  start_server();
  start_host();
  ASSERT_TRUE(host_->put(RecordKind::kState, Document::object({{"phase", "training"}})).ok());
  for (int i = 0; i < 500; ++i) put_line(std::to_string(i));
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  const auto records = receiver_.records();
  ASSERT_EQ(records.size(), 501U);
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].number, i + 1);
  EXPECT_EQ(records[0].kind, RecordKind::kState);
  EXPECT_EQ(records[0].body.string_or("phase", ""), "training");
  EXPECT_EQ(lines().back(), "499");
}

TEST_F(LinkTest, KeepsRecordsWhileTheServerIsAway) {
  start_host();
  put_line("before");
  EXPECT_EQ(host_->flush(milliseconds(1)).error().code, ErrorCode::kTimeout);
  start_server();
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  server_.reset();
  put_line("between");
  start_server();
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  EXPECT_EQ(lines(), (std::vector<std::string>{"before", "between"}));
}

TEST_F(LinkTest, RecordsSurviveARestartOfTheHost) {
  start_host();
  put_line("one");
  put_line("two");
  host_.reset();
  start_server();
  start_host();
  put_line("three");
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  EXPECT_EQ(lines(), (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(LinkTest, ATornLineIsCutOff) {
  start_host();
  put_line("whole");
  host_.reset();
  {
    const Fd file = open_file(spool(), O_WRONLY | O_APPEND).value();
    ASSERT_TRUE(write_all(file, R"({"type":"record","number":2,"ti)", "spool").ok());
  }
  start_server();
  start_host();
  put_line("after");
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  EXPECT_EQ(lines(), (std::vector<std::string>{"whole", "after"}));
}

TEST_F(LinkTest, ResendsWhatTheReceiverDidNotTake) {
  receiver_.set_refuse(true);
  start_server();
  start_host();
  put_line("once");
  ASSERT_TRUE(eventually([&] { return receiver_.gone_count() > 1; }));
  receiver_.set_refuse(false);
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  EXPECT_EQ(lines(), (std::vector<std::string>{"once"}));
}

TEST_F(LinkTest, OffersTheListenerAfterEveryReconnect) {
  const Fd listening = listen_at(folder_ + "/inside.sock").value();
  start_server();
  start_host();
  ASSERT_TRUE(host_->offer_listener(listening).ok());
  ASSERT_TRUE(eventually([&] { return receiver_.listeners() == 1; }));
  server_.reset();
  start_server();
  ASSERT_TRUE(eventually([&] { return receiver_.listeners() == 2; }));
  struct stat own{};
  ASSERT_EQ(::fstat(listening.get(), &own), 0);
  EXPECT_EQ(receiver_.listener_inode(0), own.st_ino);
  EXPECT_EQ(receiver_.listener_inode(1), own.st_ino);
}

TEST_F(LinkTest, RefusesAWrongToken) {
  token_ = "guess";
  start_server();
  start_host();
  put_line("x");
  EXPECT_EQ(host_->flush(milliseconds(200)).error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(receiver_.records().empty());
}

TEST_F(LinkTest, CarriesRequestsToTheHost) {
  std::atomic<std::int64_t> grace = 0;
  PlanCredentials renewed;
  std::binary_semaphore were_renewed(0);
  requests_.stop = [&](Duration duration) { grace = duration.count(); };
  requests_.credentials = [&](const PlanCredentials& credentials) {
    renewed = credentials;
    were_renewed.release();
  };
  const LinkPeer peer{GangId("g1"), "algo-1"};
  start_server();
  EXPECT_EQ(server_->send_stop(peer, seconds(1)).error().code, ErrorCode::kUnavailable);
  start_host();
  put_line("connected");
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  ASSERT_TRUE(server_->send_stop(peer, seconds(120)).ok());
  ASSERT_TRUE(server_->send_credentials(peer, {"ak", "sk", "st", 42}).ok());
  ASSERT_TRUE(were_renewed.try_acquire_for(seconds(10)));
  EXPECT_EQ(renewed.session_token, "st");
  EXPECT_EQ(grace, std::int64_t{120'000'000});
}

TEST_F(LinkTest, TheNewerConnectionOfAHostWins) {
  start_server();
  start_host();
  put_line("first");
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  HostLinkOptions second = options();
  second.spool_path = folder_ + "/second";
  auto other = HostLink::open(second, requests_, clock_).value();
  ASSERT_TRUE(eventually([&] { return receiver_.gone_count() > 0; }));
}

TEST_F(LinkTest, PutWaitsForAServerThatIsSlow) {
  HostLinkOptions small = options();
  small.unacknowledged_limit_bytes = 256 << 10;
  start_server();
  host_ = HostLink::open(small, requests_, clock_).value();
  put_line("first");
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  receiver_.set_hold(true);
  std::atomic<int> puts = 0;
  std::jthread writer([&] {
    for (int i = 0; i < 100; ++i) {
      put_line(std::string(10'000, 'x'));
      ++puts;
      receiver_.notify();
    }
  });
  ASSERT_TRUE(eventually([&] { return puts >= 20; }));
  EXPECT_FALSE(receiver_.wait_until([&] { return puts >= 60; }, milliseconds(50)));
  receiver_.set_hold(false);
  writer.join();
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  EXPECT_EQ(lines().size(), 101U);
}

TEST_F(LinkTest, DropsOutputButNotStatesWhenTheSpoolIsFull) {
  HostLinkOptions small = options();
  small.spool_limit_bytes = 200 << 10;
  host_ = HostLink::open(small, requests_, clock_).value();
  for (int i = 0; i < 100; ++i) put_line(std::string(10'000, 'x'));
  ASSERT_TRUE(host_->put(RecordKind::kState, Document::object({{"phase", "ended"}})).ok());
  start_server();
  ASSERT_TRUE(host_->flush(seconds(10)).ok());
  ASSERT_TRUE(eventually([&] { return receiver_.records().back().kind == RecordKind::kNotice; }));
  const auto records = receiver_.records();
  EXPECT_LT(records.size(), 30U);
  EXPECT_TRUE(
      std::ranges::any_of(records, [](const Record& r) { return r.kind == RecordKind::kState; }));
  const std::string counted = std::to_string(100 - lines().size()) + " pieces of output";
  EXPECT_EQ(records.back().body.string_or("message", "").substr(0, counted.size()), counted);
}

TEST_F(LinkTest, TheSpoolStaysSmallWhenTheServerKeepsUp) {
  start_server();
  start_host();
  for (int i = 0; i < 400; ++i) put_line(std::string(100'000, 'x'));
  ASSERT_TRUE(host_->flush(seconds(20)).ok());
  struct stat found{};
  ASSERT_EQ(::stat(spool().c_str(), &found), 0);
  EXPECT_LT(found.st_size, 24 << 20);
  EXPECT_EQ(lines().size(), 400U);
}

TEST_F(LinkTest, RefusesARecordThatIsTooLong) {
  start_host();
  const Document huge = Document::object({{"message", std::string(2 << 20, 'x')}});
  EXPECT_EQ(host_->put(RecordKind::kNotice, huge).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(LinkTest, ServesASocketWithALongPath) {
  folder_ += "/" + std::string(200, 'd');
  ASSERT_TRUE(make_folders(folder_).ok());
  start_server();
  start_host();
  put_line("x");
  EXPECT_TRUE(host_->flush(seconds(10)).ok());
  folder_ = folder_of(folder_);
}

// Lets this process open no more descriptors than it has.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const Fd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    rlimit now{static_cast<rlim_t>(next.get()), before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~NoMoreDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

milliseconds processor_time() {
  timespec used{};
  EXPECT_EQ(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
  return seconds(used.tv_sec) + milliseconds(used.tv_nsec / 1'000'000);
}

TEST_F(LinkTest, WaitsForADescriptorWithoutSpinning) {
  start_server();
  std::optional<LineSocket> client;
  milliseconds used{};
  {
    // A connection that was not accepted yet needs no descriptor of the server's.
    Fd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const NoMoreDescriptors none;
    kept.close();
    client.emplace(connect_to(socket()).value());
    const milliseconds before = processor_time();
    EXPECT_FALSE(wait_readable(client->fd(), -1, milliseconds(400)));
    used = processor_time() - before;
  }
  EXPECT_LT(used, milliseconds(80));
  ASSERT_TRUE(client->send("rubbish\n", seconds(5)).ok());
  EXPECT_TRUE(is_ended(*client)) << "it is served after all";
}

TEST_F(LinkTest, EndsAConnectionThatSendsRubbish) {
  start_server();
  for (const std::string& bytes :
       {std::string("rubbish\n"), std::string(3 << 20, 'x'), std::string("{}\n")}) {
    LineSocket client(connect_to(socket()).value());
    static_cast<void>(client.send(bytes, seconds(5)).ok());
    EXPECT_TRUE(is_ended(client));
  }
}

}  // namespace
}  // namespace clary::hostlink
