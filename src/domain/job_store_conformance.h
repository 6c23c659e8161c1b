// What every JobStore, KeyStore, IdentityStore and PolicyStore must do (EndpointStore:
// endpoint_store_conformance.h). A store's tests instantiate the suites:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, JobStoreConformance, job_stores_of(&make_sqlite_stores));
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "domain/endpoint_store.h"
#include "domain/identity_store.h"
#include "domain/job_store.h"
#include "domain/key_store.h"
#include "domain/policy_store.h"
#include "domain/record_store.h"
#include "domain/step.h"

namespace clary::domain {

// The stores under test, and whatever holds their files.
class StoresUnderTest {
 public:
  virtual ~StoresUnderTest() = default;
  virtual JobStore& jobs() = 0;
  virtual KeyStore& keys() = 0;
  virtual IdentityStore& identities() = 0;
  virtual PolicyStore& policies() = 0;  // of the same identities
  virtual EndpointStore& endpoints() = 0;
  virtual RecordStore& records() = 0;
  // As after a restart of the program; a store in memory does nothing.
  virtual void reopen() {}
};
using MakeStores = std::unique_ptr<StoresUnderTest> (*)();
// The suites' parameters. Each is defined beside its cases, so that who names it links them.
::testing::internal::ValueArray<MakeStores> job_stores_of(MakeStores make);
::testing::internal::ValueArray<MakeStores> key_stores_of(MakeStores make);
::testing::internal::ValueArray<MakeStores> identity_stores_of(MakeStores make);

class JobStoreConformance : public ::testing::TestWithParam<MakeStores> {
 protected:
  void SetUp() override;

  JobStore& jobs() { return stores_->jobs(); }
  static Job example(const std::string& name);
  JobName create(const std::string& name, Duration after = {}, const std::vector<Tag>& tags = {});
  Job find(const std::string& name);
  // Applies one event; fails the test when it cannot.
  void apply(const std::string& name, JobEventKind kind);
  std::string names(const JobQuery& query);  // of one page: "a b c"
  std::string tags_of(const std::string& arn);

  std::unique_ptr<StoresUnderTest> stores_;
};

class KeyStoreConformance : public ::testing::TestWithParam<MakeStores> {
 protected:
  void SetUp() override;
  KeyStore& keys() { return stores_->keys(); }

  std::unique_ptr<StoresUnderTest> stores_;
};

class IdentityStoreConformance : public ::testing::TestWithParam<MakeStores> {
 protected:
  void SetUp() override;
  IdentityStore& identities() { return stores_->identities(); }
  PolicyStore& managed() { return stores_->policies(); }
  std::string policies(const std::string& role);  // "key key"

  std::unique_ptr<StoresUnderTest> stores_;
};

}  // namespace clary::domain
