#include "meta/stores.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/files.h"
#include "domain/job_store_conformance.h"

namespace clary::meta {
namespace {

using domain::JobStoreConformance;
using domain::KeyStoreConformance;

class SqliteStores final : public domain::StoresUnderTest {
 public:
  SqliteStores() {
    folder_ = ::testing::TempDir() + "clary-meta-XXXXXX";
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    SqliteStores::reopen();
  }
  ~SqliteStores() override {
    close();
    static_cast<void>(remove_tree(folder_));
  }

  domain::JobStore& jobs() override { return *jobs_; }
  domain::KeyStore& keys() override { return *keys_; }
  void reopen() override {
    close();
    database_ = Database::open(path()).value();
    jobs_ = make_sqlite_job_store(*database_);
    keys_ = make_sqlite_key_store(*database_);
  }
  void close() {
    jobs_.reset();
    keys_.reset();
    database_.reset();
  }
  std::string path() const { return folder_ + "/meta.db"; }

 private:
  std::string folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<domain::JobStore> jobs_;
  std::unique_ptr<domain::KeyStore> keys_;
};

std::unique_ptr<domain::StoresUnderTest> make_sqlite_stores() {
  return std::make_unique<SqliteStores>();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, JobStoreConformance, domain::stores_of(&make_sqlite_stores));
INSTANTIATE_TEST_SUITE_P(Sqlite, KeyStoreConformance, domain::stores_of(&make_sqlite_stores));

TEST(MetaDatabase, ANewerFormatIsRefusedWithASentence) {
  SqliteStores stores;
  stores.close();
  {
    auto database = sqlite::Database::open(stores.path(), {}).value();
    ASSERT_TRUE(database->execute("PRAGMA user_version = 99").ok());
  }
  const auto opened = Database::open(stores.path());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().message.find("written by a newer release (format 99"), std::string::npos)
      << opened.error().message;
}

}  // namespace
}  // namespace clary::meta
