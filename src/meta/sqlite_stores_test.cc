#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/files.h"
#include "base/sqlite.h"
#include "domain/job_store_conformance.h"
#include "meta/job_list.h"
#include "meta/opened_stores.h"

namespace clary::meta {
namespace {

using domain::IdentityStoreConformance;
using domain::JobStoreConformance;
using domain::KeyStoreConformance;

class SqliteStores final : public OpenedStores {
 public:
  SqliteStores() {
    folder_ = ::testing::TempDir() + "clary-meta-XXXXXX";
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    reopen();
  }
  ~SqliteStores() override {
    close();
    static_cast<void>(remove_tree(folder_));
  }
  std::string path() const { return folder_ + "/meta.db"; }

 private:
  Result<std::unique_ptr<Database>> open() override { return open_sqlite(path()); }
  std::string folder_;
};

std::unique_ptr<domain::StoresUnderTest> make_sqlite_stores() {
  return std::make_unique<SqliteStores>();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, JobStoreConformance, domain::job_stores_of(&make_sqlite_stores));
INSTANTIATE_TEST_SUITE_P(Sqlite, KeyStoreConformance, domain::key_stores_of(&make_sqlite_stores));
INSTANTIATE_TEST_SUITE_P(Sqlite, IdentityStoreConformance,
                         domain::identity_stores_of(&make_sqlite_stores));

// What SQLite will do for a query, in its own words.
std::string plan_of(Database& database, const domain::JobQuery& query) {
  const auto reader = database.read().value();
  const std::string sql = list_statement(*reader, query).value().sql;
  Statement explain = reader->prepare("EXPLAIN QUERY PLAN " + sql).value();
  std::string plan;
  while (explain.step().value()) plan += explain.text(3) + "; ";
  return plan;
}

TEST(MetaDatabase, NoListSortsOrReadsEveryJob) {
  SqliteStores stores;
  const auto plan = [&stores](const domain::JobQuery& query) {
    return plan_of(stores.database(), query);
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
  const auto opened = open_sqlite(stores.path());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().message.find("written by a newer release (format 99"), std::string::npos)
      << opened.error().message;
}

}  // namespace
}  // namespace clary::meta
