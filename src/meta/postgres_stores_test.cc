#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "domain/endpoint_store_conformance.h"
#include "domain/job_store_conformance.h"
#include "domain/record_store_conformance.h"
#include "meta/opened_stores.h"
#include "meta/postgres_connection.h"
#include "meta/postgres_database.h"
#include "meta/private_postgres.h"

namespace clary::meta {
namespace {

using domain::EndpointStoreConformance;
using domain::IdentityStoreConformance;
using domain::JobStoreConformance;
using domain::KeyStoreConformance;
using domain::RecordStoreConformance;
using std::chrono::milliseconds;

// One server for all the tests of this file, started by the first.
class PostgresEnvironment final : public ::testing::Environment {
 public:
  void TearDown() override { server_.reset(); }
  PrivatePostgres& server() {
    if (server_ == nullptr) server_ = std::make_unique<PrivatePostgres>();
    return *server_;
  }

 private:
  std::unique_ptr<PrivatePostgres> server_;
};

PostgresEnvironment* const environment = static_cast<PostgresEnvironment*>(
    ::testing::AddGlobalTestEnvironment(std::make_unique<PostgresEnvironment>().release()));

// Somebody else at the same database.
class Visitor {
 public:
  Visitor() : connection_(PostgresConnection::connect(address_).value()) {}
  void execute(const std::string& script) {
    const Status done = connection_->execute(script);
    EXPECT_TRUE(done.ok()) << done.error().message;
  }
  void end_other_connections() {
    execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
  }

 private:
  const PostgresAddress address_{.url = environment->server().url()};
  std::unique_ptr<PostgresConnection> connection_;
};

class PostgresStores final : public OpenedStores {
 public:
  PostgresStores() {
    Visitor().execute("DROP SCHEMA IF EXISTS clary CASCADE");
    reopen();
  }
  static Result<std::unique_ptr<Database>> open_another(
      milliseconds deadline = milliseconds(5000)) {
    return open_postgres(environment->server().url(), {.deadline = deadline,
                                                       .lock_patience = milliseconds(500),
                                                       .connect_pause = milliseconds(0)});
  }

 private:
  Result<std::unique_ptr<Database>> open() override { return open_another(); }
};

std::unique_ptr<domain::StoresUnderTest> make_postgres_stores() {
  return std::make_unique<PostgresStores>();
}

INSTANTIATE_TEST_SUITE_P(Postgres, JobStoreConformance,
                         domain::job_stores_of(&make_postgres_stores));
INSTANTIATE_TEST_SUITE_P(Postgres, KeyStoreConformance,
                         domain::key_stores_of(&make_postgres_stores));
INSTANTIATE_TEST_SUITE_P(Postgres, IdentityStoreConformance,
                         domain::identity_stores_of(&make_postgres_stores));
INSTANTIATE_TEST_SUITE_P(Postgres, EndpointStoreConformance,
                         domain::endpoint_stores_of(&make_postgres_stores));
INSTANTIATE_TEST_SUITE_P(Postgres, RecordStoreConformance,
                         domain::record_stores_of(&make_postgres_stores));

class PostgresDatabaseTest : public ::testing::Test {
 protected:
  static Status put_tag(Database& database, const std::string& value) {
    return make_job_store(database)->add_tags(Arn("arn:x"), {{"key", value}});
  }
  static std::string tag(Database& database) {
    const auto tags = make_job_store(database)->tags(Arn("arn:x"));
    if (!tags.ok()) return tags.error().message;
    return tags->empty() ? "none" : tags->front().value;
  }
  Status put_tag(const std::string& value) { return put_tag(stores_.database(), value); }
  std::string tag() { return tag(stores_.database()); }
  static ErrorCode code(const Status& status) {
    return status.ok() ? ErrorCode::kInternal : status.error().code;
  }

  PostgresStores stores_;
};

TEST_F(PostgresDatabaseTest, ASecondServerIsRefused) {
  const auto second = PostgresStores::open_another();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(second.error().message.find("is in use by another clary serve"), std::string::npos);
  stores_.close();
  EXPECT_TRUE(PostgresStores::open_another().ok());
}

TEST_F(PostgresDatabaseTest, ACrashOfTheServerLosesNothingThatWasAnswered) {
  ASSERT_TRUE(put_tag("before").ok());
  environment->server().stop();
  EXPECT_EQ(code(put_tag("during")), ErrorCode::kUnavailable);
  EXPECT_NE(tag().find("connect: "), std::string::npos) << tag();
  environment->server().start();
  EXPECT_EQ(tag(), "before");
  EXPECT_TRUE(put_tag("after").ok());
  EXPECT_EQ(tag(), "after");
}

TEST_F(PostgresDatabaseTest, ConnectionsThatWereClosedAreMadeAnewUnseen) {
  ASSERT_TRUE(put_tag("one").ok());
  EXPECT_EQ(tag(), "one");
  Visitor().end_other_connections();
  EXPECT_EQ(tag(), "one");
  EXPECT_TRUE(put_tag("two").ok());
}

TEST_F(PostgresDatabaseTest, AConnectionThatEndsInATransactionLeavesNothingOfIt) {
  ASSERT_TRUE(put_tag("before").ok());
  const Status done = stores_.database().write([](Connection& connection) -> Status {
    CLARY_RETURN_IF_ERROR(connection.execute("UPDATE tags SET value = 'half'"));
    Visitor().end_other_connections();
    return connection.execute("UPDATE tags SET value = 'whole'");
  });
  EXPECT_EQ(code(done), ErrorCode::kUnavailable);
  EXPECT_EQ(tag(), "before");
}

TEST_F(PostgresDatabaseTest, ACommitThatGetsNoAnswerIsNotAcknowledged) {
  const Status done = stores_.database().write([](Connection& connection) -> Status {
    CLARY_RETURN_IF_ERROR(connection.execute("INSERT INTO tags VALUES ('arn:x', 'key', 'v')"));
    Visitor().end_other_connections();
    return {};
  });
  EXPECT_EQ(code(done), ErrorCode::kUnavailable);
  EXPECT_EQ(tag(), "none");
}

TEST_F(PostgresDatabaseTest, WhoHasLostTheLockDoesNotWrite) {
  ASSERT_TRUE(put_tag("first").ok());
  Visitor().end_other_connections();
  {
    const auto other = PostgresStores::open_another().value();
    const Status refused = put_tag("both");
    EXPECT_EQ(code(refused), ErrorCode::kUnavailable);
    EXPECT_NE(refused.error().message.find("in use by another"), std::string::npos);
    EXPECT_TRUE(put_tag(*other, "other").ok());
  }
  EXPECT_EQ(tag(), "other");
  EXPECT_TRUE(put_tag("first again").ok());
}

TEST_F(PostgresDatabaseTest, AServerThatDoesNotAnswerIsGivenUp) {
  stores_.close();
  const auto hurried = PostgresStores::open_another(milliseconds(400)).value();
  Visitor visitor;
  visitor.execute("BEGIN; LOCK TABLE clary.tags");
  EXPECT_EQ(code(put_tag(*hurried, "x")), ErrorCode::kUnavailable);
  EXPECT_EQ(tag(*hurried).find("none"), std::string::npos);
  visitor.execute("ROLLBACK");
  EXPECT_TRUE(put_tag(*hurried, "y").ok());
  EXPECT_EQ(tag(*hurried), "y");
}

TEST_F(PostgresDatabaseTest, ANewerFormatIsRefusedWithASentence) {
  stores_.close();
  Visitor().execute("UPDATE clary.format SET number = 99");
  const auto opened = PostgresStores::open_another();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().message.find("written by a newer release (format 99"), std::string::npos)
      << opened.error().message;
}

TEST_F(PostgresDatabaseTest, ADatabaseThatDoesNotKeepUtf8IsRefused) {
  Visitor().execute(
      "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0");
  const auto opened = open_postgres(environment->server().url("latin"));
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("ENCODING 'UTF8'"), std::string::npos)
      << opened.error().message;
  Visitor().execute("DROP DATABASE latin");
}

TEST_F(PostgresDatabaseTest, ATextThatItCannotKeepIsRepaired) {
  ASSERT_TRUE(put_tag(std::string("a\0b\xff", 4)).ok());
  EXPECT_EQ(tag(),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST(PostgresAddressTest, WhoCannotBeReachedIsNamedWithoutThePassword) {
  const auto opened = open_postgres("postgresql://me:hidden@127.0.0.1:1/jobs?sslmode=disable");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(opened.error().message.starts_with("metadata 'postgresql://me@127.0.0.1:1/jobs': "))
      << opened.error().message;
  for (const char* url : {"postgresql://me:hidden@[::1/jobs", "postgresql://me:hidden@h:x/?a=b"}) {
    const auto refused = open_postgres(url);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message.find("hidden"), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace clary::meta
