// TLS between our server and our client, and what each refuses.
#include "net/tls.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temporary_folder.h"
#include "net/certificates.h"
#include "net/client.h"
#include "net/fake_server.h"
#include "net/server.h"
#include "net/sockets.h"

namespace clary::net {
namespace {

using std::chrono::days;

StartOutcome echo_with_way(const RequestHead& head) {
  const std::string way = head.origin.secure ? "secure" : "plain";
  return std::unique_ptr<RequestSink>(std::make_unique<FakeSink>([way](std::string body) {
    Reply reply;
    reply.headers.add("X-Way", way);
    reply.source_length = body.size();
    reply.source = make_string_source(std::move(body));
    return reply;
  }));
}

class TlsTest : public testing::Test {
 protected:
  TlsTest()
      : handler_(echo_with_way), server_(std::make_unique<Server>(handler_, silent_logger())) {
    auto authority = ensure_local_authority(folder_.path(), {}, clock_);
    EXPECT_TRUE(authority.ok()) << authority.error().message;
    authority_ = *authority;
    auto tls = TlsServer::create(authority_.server, {});
    EXPECT_TRUE(tls.ok()) << tls.error().message;
    tls_ = *tls;
    auto listening = listen_on("127.0.0.1:0");
    EXPECT_TRUE(listening.ok());
    port_ = bound_address(*listening).value_or("").substr(std::string("127.0.0.1").size());
    EXPECT_TRUE(server_->adopt(std::move(*listening), "main", *tls).ok());
  }

  Result<ClientReply> send(const std::string& host, const ClientRequest& request,
                           const std::string& ca_file) {
    if (client_ == nullptr) {
      CLARY_TRY(client_, Client::create("https://" + host + port_, {.ca_file = ca_file}));
    }
    return client_->send(request);
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  LocalAuthority authority_;
  FakeHandler handler_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<TlsServer> tls_;
  std::unique_ptr<Client> client_;
  std::string port_;
};

TEST_F(TlsTest, CarriesBodiesOfAnySizeOnOneConnection) {
  for (const std::size_t size : {0U, 1U, 16'383U, 16'385U, 5'000'000U}) {
    const std::string body(size, 'x');
    auto reply = send("127.0.0.1", {.method = "PUT", .body = body}, authority_.ca_file);
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_TRUE(reply->body == body) << size;
    EXPECT_EQ(reply->headers.get("x-way"), "secure");
  }
  EXPECT_EQ(server_->counters().connections_total, 1U);
}

TEST_F(TlsTest, ShowsAnotherCertificateFromTheNextConnectionOn) {
  ASSERT_TRUE(send("127.0.0.1", {}, authority_.ca_file).ok());
  const TemporaryFolder other;
  const LocalAuthority renewed = ensure_local_authority(other.path(), {}, clock_).value();
  const Status wrong =
      tls_->replace({.chain = renewed.server.chain, .key = authority_.server.key}, {});
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("is not that of certificate"), std::string::npos)
      << wrong.error().message;
  const auto fresh = [this](const std::string& ca_file) {
    return Client::create("https://127.0.0.1" + port_, {.ca_file = ca_file}).value()->send({}).ok();
  };
  EXPECT_TRUE(fresh(authority_.ca_file)) << "what cannot be used changes nothing";
  ASSERT_TRUE(tls_->replace(renewed.server, {}).ok());
  EXPECT_TRUE(fresh(renewed.ca_file));
  EXPECT_FALSE(fresh(authority_.ca_file));
  EXPECT_TRUE(send("127.0.0.1", {}, "").ok()) << "a connection that was there goes on";
}

TEST_F(TlsTest, KnowsTheServerByItsNames) {
  EXPECT_TRUE(send("localhost", {}, authority_.ca_file).ok());
}

TEST_F(TlsTest, RefusesAServerThatNobodyVouchesFor) {
  auto reply = send("127.0.0.1", {}, "");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, ErrorCode::kDenied) << reply.error().message;
}

TEST_F(TlsTest, EndsAConnectionThatSpeaksNoTls) {
  RawConnection plain("127.0.0.1" + port_);
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(plain.is_closed_by_peer());
  EXPECT_TRUE(send("127.0.0.1", {}, authority_.ca_file).ok());
}

TEST(Certificates, SayWhenTheyEnd) {
  const TemporaryFolder folder;
  const ManualClock clock(TimePoint(std::chrono::seconds(1'700'000'000)));
  const LocalAuthority made = ensure_local_authority(folder.path(), {}, clock).value();
  EXPECT_EQ(*certificate_end(made.server.chain), clock.now() + days(397));
  EXPECT_FALSE(certificate_end(made.server.key).ok());
  EXPECT_EQ(certificate_end("/nowhere.pem").error().code, ErrorCode::kNotFound);
}

TEST(Certificates, StayUntilTheyEndOrLackAName) {
  const TemporaryFolder folder;
  ManualClock clock(SystemClock().now());
  const auto text = [&](const char* name) {
    return read_file(path_join(folder.path(), name)).value_or("");
  };
  ASSERT_TRUE(ensure_local_authority(folder.path(), {"192.168.1.5"}, clock).ok());
  const std::string ca = text("ca.pem");
  const std::string first = text("server.pem");
  ASSERT_TRUE(ensure_local_authority(folder.path(), {"192.168.1.5"}, clock).ok());
  EXPECT_EQ(text("server.pem"), first);
  ASSERT_TRUE(ensure_local_authority(folder.path(), {"192.168.1.5", "*.s3.here"}, clock).ok());
  const std::string second = text("server.pem");
  EXPECT_NE(second, first);
  clock.advance(days(370));
  ASSERT_TRUE(ensure_local_authority(folder.path(), {"*.s3.here"}, clock).ok());
  EXPECT_NE(text("server.pem"), second) << "it ends within 30 days";
  EXPECT_EQ(text("ca.pem"), ca);
}

TEST(LocalAuthorityTest, WhatACrashLeftHalfMadeIsMadeAnew) {
  const SystemClock clock;
  const TemporaryFolder folder;
  const TemporaryFolder other;
  const auto path = [](const TemporaryFolder& in, const char* name) {
    return path_join(in.path(), name);
  };
  // Puts the other folder's files here, and looks whether what is made of them serves.
  const auto heals = [&](std::initializer_list<const char*> names) {
    EXPECT_TRUE(ensure_local_authority(folder.path(), {}, clock).ok());
    for (const char* name : names)
      EXPECT_TRUE(write_file_atomically(path(folder, name), *read_file(path(other, name))).ok());
    const auto made = ensure_local_authority(folder.path(), {}, clock);
    EXPECT_TRUE(made.ok()) << made.error().message;
    EXPECT_TRUE(TlsServer::create(made->server, {}).ok());
    return made.ok() && *read_file(made->server.chain) != *read_file(path(other, "server.pem"));
  };
  ASSERT_TRUE(ensure_local_authority(other.path(), {}, clock).ok());
  EXPECT_TRUE(heals({"server.key"}));
  EXPECT_TRUE(heals({"ca.key"}));
  EXPECT_TRUE(heals({"server.key", "server.pem"})) << "signed by another authority";
  const std::string server = *read_file(path(folder, "server.pem"));
  ASSERT_TRUE(heals({"ca.key", "ca.pem"}));
  EXPECT_NE(*read_file(path(folder, "server.pem")), server);
}

TEST(TlsServer, NamesTheFileThatCannotBeUsed) {
  const TemporaryFolder folder;
  auto authority = ensure_local_authority(folder.path(), {}, SystemClock());
  ASSERT_TRUE(authority.ok());
  const std::string other_key = path_join(folder.path(), "ca.key");
  const std::string chain = authority->server.chain;
  EXPECT_NE(TlsServer::create({"/nowhere.pem", other_key}, {}).error().message.find("/nowhere.pem"),
            std::string::npos);
  EXPECT_NE(TlsServer::create({chain, other_key}, {}).error().message.find("ca.key"),
            std::string::npos);
}

}  // namespace
}  // namespace clary::net
