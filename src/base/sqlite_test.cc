#include "base/sqlite.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/sqlite_copy.h"

namespace clary::sqlite {
namespace {

constexpr std::array<std::string_view, 2> kMigrations = {
    "CREATE TABLE t (key TEXT PRIMARY KEY, number INTEGER, bytes BLOB) WITHOUT ROWID;",
    "ALTER TABLE t ADD COLUMN real REAL;",
};

class SqliteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "clary-sqlite-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    database_ = open();
    ASSERT_TRUE(migrate(*database_, kMigrations).ok());
  }
  void TearDown() override {
    database_.reset();
    static_cast<void>(remove_tree(folder_));
  }

  std::string path() const { return folder_ + "/t.db"; }
  std::unique_ptr<Database> open() { return Database::open(path(), {}).value(); }

  Status put(std::string_view key, std::int64_t number) {
    CLARY_TRY(Statement insert, database_->prepare("INSERT INTO t VALUES (?1, ?2, ?3, ?4)"));
    insert.bind(key)
        .bind(number)
        .bind_blob(std::string_view("a\0b", 3))
        .bind(std::optional<double>());
    return insert.run();
  }
  std::optional<std::int64_t> number(Database& database, std::string_view key) {
    Statement find = database.prepare("SELECT number FROM t WHERE key = ?1").value();
    find.bind(key);
    if (!find.step().value()) return std::nullopt;
    return find.integer(0);
  }

  std::string folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(SqliteTest, TellsOfEveryRowThatIsWritten) {
  std::vector<std::pair<std::int64_t, std::string>> seen;
  ASSERT_TRUE(database_
                  ->watch_rows({.table = "t", .integer = "number", .bytes = "key"},
                               [&](std::int64_t number, std::string_view key) {
                                 seen.emplace_back(number, key);
                               })
                  .ok());
  ASSERT_TRUE(put("a", 1).ok());
  ASSERT_TRUE(put("b", 2).ok());
  ASSERT_TRUE(database_->execute("UPDATE t SET number = 3 WHERE key = 'b'").ok());
  ASSERT_TRUE(database_->execute("INSERT OR REPLACE INTO t (key, number) VALUES ('a', 4)").ok());
  ASSERT_TRUE(database_->execute("DELETE FROM t WHERE key = 'a'").ok());
  EXPECT_EQ(seen, (std::vector<std::pair<std::int64_t, std::string>>{
                      {1, "a"}, {2, "b"}, {3, "b"}, {4, "a"}, {4, "a"}}));
}

TEST_F(SqliteTest, ReadsBackEveryKindOfValue) {
  ASSERT_TRUE(put("k", -5).ok());
  Statement find = database_->prepare("SELECT number, bytes, real FROM t").value();
  ASSERT_TRUE(find.step().value());
  EXPECT_EQ(find.integer(0), -5);
  EXPECT_EQ(find.view(1), std::string_view("a\0b", 3));
  EXPECT_TRUE(find.is_null(2));
  EXPECT_FALSE(find.step().value());
}

TEST_F(SqliteTest, ASecondRowOfAKeyAlreadyExists) {
  ASSERT_TRUE(put("k", 1).ok());
  EXPECT_EQ(put("k", 2).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(number(*database_, "k"), 1);
}

TEST_F(SqliteTest, ATransactionThatIsNotCommittedLeavesNothing) {
  {
    Transaction transaction = Transaction::begin(*database_).value();
    ASSERT_TRUE(put("lost", 1).ok());
  }
  {
    Transaction transaction = Transaction::begin(*database_).value();
    ASSERT_TRUE(put("kept", 2).ok());
    ASSERT_TRUE(transaction.commit().ok());
  }
  EXPECT_EQ(number(*database_, "lost"), std::nullopt);
  EXPECT_EQ(number(*database_, "kept"), 2);
}

TEST_F(SqliteTest, ReadersAreNotBlockedByAWriterAndCannotWrite) {
  ASSERT_TRUE(put("k", 1).ok());
  Readers readers(path());
  Transaction transaction = Transaction::begin(*database_).value();
  ASSERT_TRUE(put("later", 2).ok());
  Readers::Lease reader = readers.take().value();
  EXPECT_EQ(number(*reader, "k"), 1);
  EXPECT_EQ(number(*reader, "later"), std::nullopt);
  EXPECT_FALSE(reader->execute("DELETE FROM t").ok());
}

TEST_F(SqliteTest, MigratesOnceAndRefusesANewerFormat) {
  ASSERT_TRUE(put("k", 1).ok());
  database_ = open();
  ASSERT_TRUE(migrate(*database_, kMigrations).ok());
  EXPECT_EQ(number(*database_, "k"), 1);
  const Status refused = migrate(*database_, std::span(kMigrations).first(1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().message.find("newer release (format 2"), std::string::npos)
      << refused.error().message;
}

TEST_F(SqliteTest, ACopyIsOneFileThatCanBeReadAtRest) {
  ASSERT_TRUE(put("k", 7).ok());
  const std::string copy = folder_ + "/100% a?b#c.db";
  ASSERT_TRUE(copy_database(path(), copy, Access::kReader).ok());
  const std::string head = read_file(copy).value().substr(0, 20);
  EXPECT_EQ(head.substr(18, 2), "\x01\x01") << "not in WAL mode";
  EXPECT_EQ(number(*Database::open(copy, {.access = Access::kAtRest}).value(), "k"), 7);
  const std::string again = folder_ + "/again.db";
  ASSERT_TRUE(copy_database(copy, again, Access::kAtRest).ok());
  EXPECT_EQ(number(*Database::open(again, {}).value(), "k"), 7);
  EXPECT_FALSE(exists(copy + "-wal") || exists(copy + "-shm") || exists(copy + "-journal"));
}

TEST_F(SqliteTest, AFileAtRestInWalModeIsReadWithoutAnythingBesideIt) {
  ASSERT_TRUE(put("k", 7).ok());
  database_.reset();
  const auto rest = Database::open(path(), {.access = Access::kAtRest}).value();
  EXPECT_EQ(number(*rest, "k"), 7);
  EXPECT_FALSE(rest->execute("DELETE FROM t").ok());
  EXPECT_EQ(list_folder(folder_).value(), std::vector<std::string>{"t.db"});
}

TEST_F(SqliteTest, DamageIsNamedWithoutTheStatementThatMetIt) {
  EXPECT_EQ(faults_of(*database_).value(), std::vector<std::string>{});
  const std::string text = folder_ + "/text.db";
  ASSERT_TRUE(write_file_atomically(text, std::string(8192, 'x')).ok());
  const auto opened = Database::open(text, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().message, "'" + text + "': the file is damaged: file is not a database");
}

TEST_F(SqliteTest, AStatementInUseCanBePreparedAgain) {
  ASSERT_TRUE(put("a", 1).ok());
  ASSERT_TRUE(put("b", 2).ok());
  Statement outer = database_->prepare("SELECT number FROM t WHERE key = ?1").value();
  outer.bind("a");
  ASSERT_TRUE(outer.step().value());
  EXPECT_EQ(number(*database_, "b"), 2);
  EXPECT_EQ(outer.integer(0), 1);
}

}  // namespace
}  // namespace clary::sqlite
