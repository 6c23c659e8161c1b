#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/files.h"
#include "base/sqlite.h"
#include "domain/endpoint_store_conformance.h"
#include "domain/job_store_conformance.h"
#include "domain/record_store_conformance.h"
#include "meta/job_list.h"
#include "meta/opened_stores.h"
#include "meta/schema.h"

namespace clary::meta {
namespace {

using domain::EndpointStoreConformance;
using domain::IdentityStoreConformance;
using domain::JobStoreConformance;
using domain::KeyStoreConformance;
using domain::RecordStoreConformance;

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
INSTANTIATE_TEST_SUITE_P(Sqlite, EndpointStoreConformance,
                         domain::endpoint_stores_of(&make_sqlite_stores));
INSTANTIATE_TEST_SUITE_P(Sqlite, RecordStoreConformance,
                         domain::record_stores_of(&make_sqlite_stores));

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

TEST(MetaDatabase, AMetadataOfFormatFiveIsTakenOver) {
  const SqliteStores stores;
  const std::string path = stores.path() + ".five";
  {
    const auto old = sqlite::Database::open(path, {}).value();
    ASSERT_TRUE(sqlite::migrate(*old, migrations().first(5)).ok());
    ASSERT_TRUE(old->execute("INSERT INTO tags VALUES ('arn:x', 'k', 'v')").ok());
  }
  const auto database = open_sqlite(path).value();
  EXPECT_EQ(make_job_store(*database)->tags(Arn("arn:x")).value().size(), 1U);
  const domain::Model model{.name = ModelName("m")};
  const auto endpoints = make_endpoint_store(*database);
  ASSERT_TRUE(endpoints->create_model(model).ok());
  EXPECT_TRUE(endpoints->find_model(model.name).value() == model);
}

TEST(MetaDatabase, ARecordThatCannotBeReadIsNamed) {
  SqliteStores stores;
  for (const char* record : {"{", R"({"status":"Melted"})"}) {
    ASSERT_TRUE(stores.endpoints().clear().ok());
    ASSERT_TRUE(stores.endpoints().create_endpoint({.name = EndpointName("e")}).ok());
    ASSERT_TRUE(stores.database()
                    .write([record](Connection& connection) -> Status {
                      CLARY_TRY(Statement spoil,
                                connection.prepare("UPDATE resources SET record = ?1"));
                      return spoil.bind(std::string_view(record)).run();
                    })
                    .ok());
    const auto found = stores.endpoints().find_endpoint(EndpointName("e"));
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code, ErrorCode::kInternal);
    EXPECT_TRUE(found.error().message.starts_with("endpoint 'e': its record cannot be read: "))
        << found.error().message;
  }
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
