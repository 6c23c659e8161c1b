// What every RecordStore must do. A store's tests instantiate the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, RecordStoreConformance,
//                            record_stores_of(&make_sqlite_stores));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "domain/job_store_conformance.h"
#include "domain/record_store.h"

namespace clary::domain {

::testing::internal::ValueArray<MakeStores> record_stores_of(MakeStores make);

class RecordStoreConformance : public ::testing::TestWithParam<MakeStores> {
 protected:
  void SetUp() override;

  RecordStore& store() { return stores_->records(); }
  void put(const std::string& space, const std::string& key, const std::string& text = "text");
  // Of one page: "a b c".
  std::string keys(const std::string& space, const std::string& after = "",
                   std::size_t limit = 1000);

  std::unique_ptr<StoresUnderTest> stores_;
};

}  // namespace clary::domain
