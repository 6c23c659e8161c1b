#include "net/client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "net/fake_server.h"
#include "net/sockets.h"

namespace clary::net {
namespace {

using std::chrono::milliseconds;

StartOutcome echo_or_refuse(const RequestHead& head) {
  const bool chunked = head.target == "/chunked";
  const int status = head.target == "/refused" ? 404 : 200;
  return std::unique_ptr<RequestSink>(
      std::make_unique<FakeSink>([chunked, status](std::string body) {
        Reply reply;
        reply.status = status;
        if (!chunked) reply.source_length = body.size();
        reply.source = make_string_source(std::move(body));
        return reply;
      }));
}

class ClientTest : public testing::Test {
 protected:
  ClientTest()
      : handler_(echo_or_refuse), server_(std::make_unique<Server>(handler_, silent_logger())) {
    auto bound = server_->listen("127.0.0.1:0");
    EXPECT_TRUE(bound.ok());
    if (bound.ok()) address_ = *bound;
    client_ = make_client("http://" + address_);
  }

  static std::unique_ptr<Client> make_client(const std::string& endpoint,
                                             ClientOptions options = {}) {
    auto client = Client::create(endpoint, options);
    EXPECT_TRUE(client.ok()) << client.error().message;
    return std::move(*client);
  }

  FakeHandler handler_;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, SendsAndKeepsItsConnection) {
  for (int i = 0; i < 5; ++i) {
    auto reply = client_->send({.method = "PUT", .body = "hello"});
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->reason, "OK");
    EXPECT_EQ(reply->body, "hello");
  }
  EXPECT_EQ(server_->counters().connections_total, 1U);
  EXPECT_EQ(client_->host(), address_);
}

TEST_F(ClientTest, ReadsChunksAndHeads) {
  const std::string large(1'000'000, 'x');
  auto chunked = client_->send({.method = "PUT", .target = "/chunked", .body = large});
  ASSERT_TRUE(chunked.ok()) << chunked.error().message;
  EXPECT_TRUE(chunked->body == large);
  auto head = client_->send({.method = "HEAD"});
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(server_->counters().connections_total, 1U);
}

TEST_F(ClientTest, StreamsBothWays) {
  const std::string large(3'000'000, 'y');
  auto source = make_string_source(large);
  std::string received;
  auto reply =
      client_->send({.method = "PUT", .source = source.get(), .source_length = large.size()},
                    [&](std::string_view piece) -> Status {
                      received += piece;
                      return {};
                    });
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body, "");
  EXPECT_TRUE(received == large);
}

TEST_F(ClientTest, AnErrorReplyIsNotForTheSink) {
  bool called = false;
  auto reply = client_->send({.method = "PUT", .target = "/refused", .body = "why"},
                             [&](std::string_view) -> Status {
                               called = true;
                               return {};
                             });
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->body, "why");
  EXPECT_FALSE(called);
}

TEST_F(ClientTest, TheSinksErrorEndsTheCall) {
  auto reply = client_->send({.method = "PUT", .body = "x"},
                             [](std::string_view) -> Status { return denied("no room"); });
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kDenied);
  EXPECT_EQ(reply.error().message, "no room");
  EXPECT_TRUE(client_->send({.method = "PUT", .body = "x"}).ok());
}

TEST_F(ClientTest, ASourceThatEndsEarlyIsAnError) {
  auto source = make_string_source("abc");
  auto reply = client_->send({.method = "PUT", .source = source.get(), .source_length = 10});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ClientTest, TakesAnAnswerThatComesBeforeTheBodyIsSent) {
  FakeHandler refusing(
      [](const RequestHead&) -> StartOutcome { return text_reply("not yours", 403); });
  Server server(refusing, silent_logger());
  const auto bound = server.listen("127.0.0.1:0");
  ASSERT_TRUE(bound.ok());
  auto source = make_string_source(std::string(8'000'000, 'x'));
  auto reply = make_client("http://" + *bound)
                   ->send({.method = "PUT", .source = source.get(), .source_length = 8'000'000});
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 403);
  EXPECT_EQ(reply->body, "not yours");
}

TEST_F(ClientTest, BoundsTheReply) {
  auto client = make_client("http://" + address_, {.body_limit_bytes = 4});
  EXPECT_TRUE(client->send({.method = "PUT", .body = "four"}).ok());
  EXPECT_EQ(client->send({.method = "PUT", .body = "fives"}).error().code,
            ErrorCode::kLimitExceeded);
}

TEST_F(ClientTest, FindsAServerThatWasRestarted) {
  ASSERT_TRUE(client_->send({.method = "PUT", .body = "x"}).ok());
  server_->stop();
  auto lost = client_->send({.method = "PUT", .body = "x"});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, ErrorCode::kUnavailable);
  server_ = std::make_unique<Server>(handler_, silent_logger());
  ASSERT_TRUE(server_->listen(address_).ok());
  EXPECT_TRUE(client_->send({.method = "PUT", .body = "x"}).ok());
}

TEST_F(ClientTest, SpeaksOverAUnixSocket) {
  const std::string path = testing::TempDir() + "clary-net-client.sock";
  ASSERT_TRUE(remove_tree(path).ok());
  auto socket = listen_on("unix:" + path);
  ASSERT_TRUE(socket.ok());
  ASSERT_TRUE(server_->adopt(std::move(*socket), "unix").ok());
  auto client = make_client("unix:" + path);
  auto reply = client->send({.method = "PUT", .body = "x"});
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body, "x");
}

TEST(UnixSocket, ThatNobodyListensOnGivesWay) {
  const std::string path = testing::TempDir() + "clary-net-dead.sock";
  ASSERT_TRUE(remove_tree(path).ok());
  static_cast<void>(listen_on("unix:" + path).value());  // closed at once; its file stays
  EXPECT_TRUE(exists(path));
  auto alive = listen_on("unix:" + path);
  ASSERT_TRUE(alive.ok()) << alive.error().message;
  EXPECT_EQ(listen_on("unix:" + path).error().code, ErrorCode::kAlreadyExists);
  EXPECT_FALSE(remove_dead_socket("unix:" + path));
  *alive = Fd();
  EXPECT_TRUE(remove_dead_socket("unix:" + path));
  EXPECT_FALSE(exists(path));
  ASSERT_TRUE(write_file_atomically(path, "a file of somebody's").ok());
  EXPECT_FALSE(listen_on("unix:" + path).ok());
  EXPECT_TRUE(exists(path)) << "no socket: it is left alone";
  EXPECT_TRUE(remove_tree(path).ok());
}

TEST_F(ClientTest, RefusesHeadsOfMoreThanOneLine) {
  ClientRequest request;
  request.headers.add("X-A", "a\r\nX-B: b");
  EXPECT_EQ(client_->send(request).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(client_->send({.target = "/a b"}).error().code, ErrorCode::kInvalidArgument);
}

TEST(ClientEndpoint, IsChecked) {
  EXPECT_FALSE(Client::create("ftp://x").ok());
  EXPECT_FALSE(Client::create("http://").ok());
  EXPECT_FALSE(Client::create("http://x/y").ok());
  EXPECT_EQ((*Client::create("http://localhost:4580/"))->host(), "localhost:4580");
}

// A server of one thread that says what a test tells it to, connection by connection.
class ScriptedServer {
 public:
  using Talk = std::function<void(int socket, int connection)>;

  ScriptedServer(int connections, Talk talk) : listening_(listen_on("127.0.0.1:0").value()) {
    thread_ = std::thread([this, connections, talk = std::move(talk)] {
      for (int i = 0; i < connections; ++i) {
        if (!wait_ready(listening_.get(), POLLIN, std::chrono::seconds(10)).ok()) return;
        const Fd socket(::accept(listening_.get(), nullptr, nullptr));
        talk(socket.get(), i);
      }
    });
  }
  ~ScriptedServer() { thread_.join(); }

  std::string endpoint() const { return "http://" + bound_address(listening_).value(); }
  static void say(int socket, std::string_view text) {
    ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
  }
  static void hear(int socket) {
    char bytes[4096];
    static_cast<void>(::recv(socket, bytes, sizeof bytes, 0));
  }

 private:
  Fd listening_;
  std::thread thread_;
};

TEST(Client, SendsAgainOnceWhenAKeptConnectionHasBeenClosed) {
  ScriptedServer server(2, [](int socket, int connection) {
    ScriptedServer::hear(socket);
    ScriptedServer::say(
        socket, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(connection));
    if (connection == 0) ScriptedServer::hear(socket);  // and closes without an answer
  });
  auto client = Client::create(server.endpoint()).value();
  EXPECT_EQ(client->send({})->body, "0");
  EXPECT_EQ(client->send({})->body, "1");
}

TEST(Client, DoesNotSendAgainOnANewConnection) {
  std::atomic<int> heard{0};
  ScriptedServer server(1, [&](int socket, int) {
    ScriptedServer::hear(socket);
    ++heard;
  });
  auto client = Client::create(server.endpoint()).value();
  EXPECT_EQ(client->send({}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(heard, 1);
}

TEST(Client, SkipsInterimRepliesAndReadsToTheEnd) {
  ScriptedServer server(1, [](int socket, int) {
    ScriptedServer::hear(socket);
    ScriptedServer::say(socket,
                        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end");
  });
  auto client = Client::create(server.endpoint()).value();
  auto reply = client->send({});
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->body, "until the end");
}

TEST(Client, ATruncatedReplyIsAnError) {
  ScriptedServer server(1, [](int socket, int) {
    ScriptedServer::hear(socket);
    ScriptedServer::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  auto client = Client::create(server.endpoint()).value();
  EXPECT_EQ(client->send({}).error().code, ErrorCode::kUnavailable);
}

TEST(Client, GivesUpOnAServerThatIsSilent) {
  std::latch done(1);
  ScriptedServer server(1, [&](int, int) { done.wait(); });
  auto client = Client::create(server.endpoint(), {.io_timeout = milliseconds(30)}).value();
  EXPECT_EQ(client->send({}).error().code, ErrorCode::kTimeout);
  done.count_down();
}

}  // namespace
}  // namespace clary::net
