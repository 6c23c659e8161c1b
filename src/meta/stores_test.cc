#include "meta/stores.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/files.h"
#include "domain/job_store_conformance.h"
#include "meta/job_list.h"

namespace clary::meta {
namespace {

using domain::IdentityStoreConformance;
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
  domain::IdentityStore& identities() override { return *identities_; }
  domain::PolicyStore& policies() override { return *policies_; }
  void reopen() override {
    close();
    database_ = Database::open(path()).value();
    jobs_ = make_sqlite_job_store(*database_);
    keys_ = make_sqlite_key_store(*database_);
    identities_ = make_sqlite_identity_store(*database_);
    policies_ = make_sqlite_policy_store(*database_);
  }
  void close() {
    jobs_.reset();
    keys_.reset();
    identities_.reset();
    policies_.reset();
    database_.reset();
  }
  std::string path() const { return folder_ + "/meta.db"; }

 private:
  std::string folder_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<domain::JobStore> jobs_;
  std::unique_ptr<domain::KeyStore> keys_;
  std::unique_ptr<domain::IdentityStore> identities_;
  std::unique_ptr<domain::PolicyStore> policies_;
};

std::unique_ptr<domain::StoresUnderTest> make_sqlite_stores() {
  return std::make_unique<SqliteStores>();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, JobStoreConformance, domain::job_stores_of(&make_sqlite_stores));
INSTANTIATE_TEST_SUITE_P(Sqlite, KeyStoreConformance, domain::key_stores_of(&make_sqlite_stores));
INSTANTIATE_TEST_SUITE_P(Sqlite, IdentityStoreConformance,
                         domain::identity_stores_of(&make_sqlite_stores));

// What SQLite will do for a query, in its own words.
std::string plan_of(const std::string& path, const std::string& sql) {
  auto database = sqlite::Database::open(path, {.access = sqlite::Access::kReader}).value();
  auto explain = database->prepare("EXPLAIN QUERY PLAN " + sql).value();
  std::string plan;
  while (explain.step().value()) plan += explain.text(3) + "; ";
  return plan;
}

TEST(MetaDatabase, NoListSortsOrReadsEveryJob) {
  const SqliteStores stores;
  const auto plan = [&stores](domain::JobQuery query) {
    return plan_of(stores.path(), list_statement(query).value().sql);
  };
  using domain::JobKind;
  using domain::JobOrder;
  for (const JobOrder order : {JobOrder::kCreationTime, JobOrder::kName, JobOrder::kStatus}) {
    const std::string found =
        plan({.kind = JobKind::kTraining, .order = order, .descending = true});
    EXPECT_EQ(found.find("SCAN"), std::string::npos) << found;
    EXPECT_EQ(found.find("TEMP B-TREE"), std::string::npos) << found;
  }
  const std::string live = plan({.phases = {domain::Phase::kPending, domain::Phase::kTraining}});
  EXPECT_EQ(live, "SCAN jobs USING INDEX jobs_live; ") << "it holds live jobs only";
}

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
