// What every EndpointStore must do. A store's tests instantiate the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, EndpointStoreConformance,
//                            endpoint_stores_of(&make_sqlite_stores));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "domain/endpoint_store.h"
#include "domain/job_store_conformance.h"

namespace clary::domain {

::testing::internal::ValueArray<MakeStores> endpoint_stores_of(MakeStores make);

class EndpointStoreConformance : public ::testing::TestWithParam<MakeStores> {
 protected:
  void SetUp() override;

  EndpointStore& store() { return stores_->endpoints(); }
  void create(const std::string& name, Duration after = {},
              EndpointStatus status = EndpointStatus::kInService);
  Endpoint find(const std::string& name);
  std::string names(const ResourceQuery& query);  // of one page of endpoints: "a b c"

  std::unique_ptr<StoresUnderTest> stores_;
};

}  // namespace clary::domain
